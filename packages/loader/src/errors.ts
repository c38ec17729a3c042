import { BackplaneError, defineErrors, isBackplaneError, messageOf } from '@backplane/base';

/** A place in an author's file, as editors count: lines and columns from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** A few lines around the place, the one meant marked. */
  readonly frame: string;
}

/** One thing the compiler found. */
export interface SourceProblem extends Partial<SourcePosition> {
  readonly text: string;
}

type Problems = { readonly entry: string; readonly problems: readonly [SourceProblem, ...SourceProblem[]] };

const place = (at: Partial<SourcePosition>): string =>
  at.file === undefined ? '' : ` at ${at.file}:${at.line}:${at.column}`;

const inFile = (file: string | undefined): string => (file === undefined ? '' : ` in ${file}`);

const told = ({ entry, problems: [first, ...more] }: Problems): string =>
  `${first.text}${place(first)}${first.file === undefined ? ` in ${entry}` : ''}${more.length > 0 ? ` (and ${more.length} more)` : ''}.`;

export const loaderErrors = defineErrors('loader', {
  BP_PLUGIN_SYNTAX: {
    title: 'A plugin file cannot be compiled.',
    status: 422,
    mend: 'Mend the line that is named.',
    message: (details: Problems) => `The plugin does not compile: ${told(details)}`,
  },
  BP_PLUGIN_IMPORT_NOT_FOUND: {
    title: 'A plugin imports a package, file or export that is not there.',
    status: 422,
    mend: 'Install the package beside the plugin, correct the name, or have the host share it.',
    message: (details: Problems) => `An import of the plugin leads nowhere: ${told(details)}`,
  },
  BP_PLUGIN_EVALUATION: {
    title: "A plugin's top-level code threw.",
    status: 422,
    mend: 'Mend what threw, or move it into initialize().',
    message: ({ entry, reason, at }: { entry: string; reason: string; at?: SourcePosition }) =>
      `The plugin threw while it was loaded: ${reason}${at === undefined ? `, in ${entry}` : place(at)}.`,
  },
  BP_PLUGIN_DECORATOR_UNCOMPILED: {
    title: 'A file with decorators was imported as it is, and Node runs none.',
    status: 422,
    mend: "Load it in the loader's usual mode, which compiles them; in vitest, add lowerDecorators() of @backplane/testing/vitest; or use the function forms.",
    message: ({ at }: { entry: string; at: SourcePosition }) => `Node cannot run the decorator${place(at)}.`,
  },
  BP_PLUGIN_EVALUATION_TIMEOUT: {
    title: "A plugin's top-level code did not come to an end.",
    status: 422,
    mend: 'Find the `await` at its top level that never settles, and move the work into `start`.',
    message: (details: { entry: string; limitMs: number }) =>
      `The plugin ${details.entry} was not loaded after ${details.limitMs} ms: its top-level code is still waiting.`,
  },
  BP_PLUGIN_ENTRY_NOT_FOUND: {
    title: 'The entry file of a plugin does not exist or cannot be read.',
    status: 404,
    mend: 'Check the path and its permissions.',
    message: (details: { entry: string; reason: string }) =>
      `The plugin file ${details.entry} cannot be read: ${details.reason}.`,
  },
  BP_PLUGIN_FILE_UNSUPPORTED: {
    title: 'A plugin entry is not a file the loader can run.',
    status: 422,
    mend: 'Use .ts, .mts, .cts, .js, .mjs or .cjs.',
    message: (details: { entry: string }) => `${details.entry} is not a JavaScript or TypeScript file.`,
  },
  BP_PLUGIN_UNSETTLED: {
    title: 'The files of a plugin kept changing while they were compiled.',
    status: 409,
    mend: 'Load again when the installation or the build has finished.',
    message: (details: { entry: string; tries: number }) =>
      `The files of ${details.entry} changed during each of ${details.tries} attempts to compile it.`,
  },
  BP_NATIVE_ADDON_CHANGED: {
    title: 'A native add-on was replaced while this process had it loaded.',
    status: 409,
    mend: 'Run the plugin at the `process` level, or restart the host.',
    message: (details: { addon: string; entry: string }) =>
      `The native add-on ${details.addon} of ${details.entry} has changed; a process can load a native add-on once.`,
  },
  BP_SHARED_UNAVAILABLE: {
    title: 'A package that the host promises to share cannot be imported by the host.',
    status: 500,
    mend: 'Install the package beside the host or take it off the list of shared packages.',
    message: (details: { specifier: string; reason: string }) =>
      `The host cannot import the shared package "${details.specifier}": ${details.reason}.`,
  },
  BP_LOADER_CLOSED: {
    title: 'A module was asked of a loader that has been closed.',
    status: 503,
    mend: 'Load before the host shuts down.',
    message: (details: { entry: string }) => `The loader is closed; ${details.entry} was not loaded.`,
  },
  BP_PLUGIN_EXPORT_MISSING: {
    title: 'A plugin file exports no plugin, or not the one named.',
    status: 422,
    mend: 'Export what definePlugin() returns, or a class that extends PluginBase, and name it if it is not the default. Begin the name of a file that is no plugin with "_".',
    message: (details: { file?: string; wanted?: string; found?: string; exported: readonly string[] }) =>
      `${details.wanted === undefined ? 'No export is a plugin' : details.found === undefined ? `There is no export "${details.wanted}"` : `The export "${details.wanted}" is no plugin but ${details.found}`}; ` +
      `exported${inFile(details.file)}: ${details.exported.join(', ') || 'nothing'}.`,
  },
  BP_PLUGIN_EXPORT_AMBIGUOUS: {
    title: 'A plugin file exports several plugins and none is the default.',
    status: 422,
    mend: 'Name one (file.js#Name) or make one the default export.',
    message: (details: { file?: string; plugins: readonly string[] }) =>
      `Several exports${inFile(details.file)} are plugins: ${details.plugins.join(', ')}.`,
  },
});

/** True for an error of this package, which is passed on as it is and never wrapped. */
export const isLoaderError = (thrown: unknown): thrown is BackplaneError =>
  isBackplaneError(thrown) && thrown.code in loaderErrors;

/** What a plugin's top-level code threw. A decorator that refuses keeps its code, and is told with its place. */
export function evaluationError(thrown: unknown, entry: string, at: SourcePosition | undefined): BackplaneError {
  const told = at === undefined ? {} : { at };
  if (!isBackplaneError(thrown) || !thrown.code.startsWith('BP_DECORATOR_'))
    return loaderErrors.BP_PLUGIN_EVALUATION({ entry, reason: messageOf(thrown), ...told }, { cause: thrown });
  const { code, details, title } = thrown;
  const fields = { code, status: 422, details: { ...details, entry, ...told }, ...(title !== undefined && { title }) };
  return new BackplaneError(fields, `${thrown.message} (${at === undefined ? entry : place(at).slice(4)})`, {
    cause: thrown,
  });
}

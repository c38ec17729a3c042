import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import type { Clock } from '@backplane/base';
import type { BuildOptions, Message, Plugin } from 'esbuild';
import { BuildContexts, type Built } from './build-contexts.ts';
import { compileError, SHARED_NAMESPACE } from './compile-error.ts';
import type { BundledFile } from './lookups.ts';
import { ADDON } from './module-text.ts';

type Esbuild = typeof import('esbuild');

/** One entry with all that is its own, as ESM text. */
export interface Compiled {
  readonly text: string;
  /** Its sources are relative to the entry's folder. */
  readonly map: string;
  /** Absolute paths. */
  readonly files: readonly BundledFile[];
  /** Shared modules that `require` is called with. */
  readonly required: readonly string[];
  /** Absolute paths. */
  readonly addons: readonly string[];
  readonly warnings: readonly Message[];
}

/** What the compiled text may rely on. Part of the cache's fingerprint. */
export const TARGET = 'node24';

let openCompilers = 0;

/**
 * esbuild, loaded when it is first needed. The child process that does the work ends when the last compiler of this process is closed; it
 * keeps this process alive only as long as there are contexts (see `BuildContexts`).
 */
export class Compiler {
  readonly #shared: readonly string[];
  readonly #conditions: readonly string[];
  readonly #contexts: BuildContexts;
  #esbuild: Promise<Esbuild> | undefined;

  constructor(shared: readonly string[], conditions: readonly string[], clock: Clock) {
    this.#shared = shared;
    this.#conditions = conditions;
    this.#contexts = new BuildContexts(clock);
  }

  /**
   * @param again whether what is parsed should be kept for the next time: a third quicker when one file of twenty changes
   * @throws BP_PLUGIN_SYNTAX, BP_PLUGIN_IMPORT_NOT_FOUND
   */
  async compile(entry: string, again: boolean): Promise<Compiled> {
    const { build, context } = await this.#load();
    const options = this.#options(entry, []);
    const built = await this.#reporting(entry, () =>
      again ? this.#contexts.rebuild(entry, () => context(options)) : build(options),
    );
    return compiledOf(built, dirname(entry), this.#shared);
  }

  /** Replaces names, where they are not bound, by others; keeps the positions of the original sources. */
  async define(
    text: string,
    map: string,
    define: Readonly<Record<string, string>>,
  ): Promise<{ text: string; map: string }> {
    const { transform } = await this.#load();
    const { code, map: chained } = await transform(`${text}\n//# sourceMappingURL=${mapUrl(map)}`, {
      define: { ...define },
      // Without a format: text that is no longer ESM would be taken for CommonJS and wrapped.
      target: TARGET,
      treeShaking: false,
      charset: 'utf8',
      sourcemap: 'external',
      sourcesContent: false,
      sourcefile: OUTPUT,
      logLevel: 'silent',
    });
    return { text: code, map: chained };
  }

  /**
   * Compiles once more with the shared modules' exports known, so that an import of one that is missing is reported where it stands.
   * Resolves when nothing is missing.
   * @throws BP_PLUGIN_IMPORT_NOT_FOUND
   */
  async explain(entry: string, exportsOf: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const { build } = await this.#load();
    const options = this.#options(entry, [knownExports(exportsOf)]);
    await this.#reporting(entry, () => build(options));
  }

  /** Forgets what was parsed for an entry. */
  forget(entry: string): Promise<void> {
    return this.#contexts.forget(entry);
  }

  async close(): Promise<void> {
    if (this.#esbuild === undefined) return;
    const { stop } = await this.#esbuild;
    this.#esbuild = undefined;
    await this.#contexts.close();
    openCompilers -= 1;
    if (openCompilers === 0) await stop();
  }

  #load(): Promise<Esbuild> {
    if (this.#esbuild === undefined) {
      openCompilers += 1;
      this.#esbuild = import('esbuild');
    }
    return this.#esbuild;
  }

  #options(entry: string, plugins: Plugin[]): BuildOptions & { write: false; metafile: true } {
    const folder = dirname(entry);
    return {
      // As a namespace: that is where the compiler puts all exports, also those that only shared modules know.
      stdin: {
        contents: `import * as entry from ${JSON.stringify(entry)};\nexport { entry };`,
        sourcefile: WRAPPER,
        resolveDir: folder,
      },
      absWorkingDir: folder,
      outfile: join(folder, OUTPUT),
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: TARGET,
      charset: 'utf8',
      legalComments: 'none',
      sourcemap: 'external',
      sourcesContent: false,
      logLevel: 'silent',
      // Which file is meant is read from the source map: that is where `import.meta` gets its meaning.
      define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
      plugins: [...plugins, sharedModules(this.#shared), nativeAddons(folder)],
      ...(this.#conditions.length > 0 && { conditions: [...this.#conditions] }),
    };
  }

  async #reporting<T>(entry: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw compileError(thrown, entry, dirname(entry)) ?? thrown;
    }
  }
}

/** The name of the file around the entry, which exists in the compiler alone. Its ending makes it import CommonJS as Node does. */
const WRAPPER = 'plugin-entry.mjs';

/** The name the text goes by inside the compiler; no file is written. */
const OUTPUT = 'bundle.js';

/** A source map as a data URL. */
export const mapUrl = (map: string): string => `data:application/json;base64,${Buffer.from(map).toString('base64')}`;

/** Exactly these specifiers stay imports; a subpath that is not among them is the plugin's own. */
function sharedModules(shared: readonly string[]): Plugin {
  return {
    name: 'shared-modules',
    setup(build) {
      if (shared.length === 0) return;
      const filter = new RegExp(`^(?:${shared.map((name) => name.replace(/[.*+?^$()|[\]{}\\]/g, '\\$&')).join('|')})$`);
      build.onResolve({ filter }, ({ path }) => ({ path, external: true }));
    },
  };
}

function nativeAddons(folder: string): Plugin {
  return {
    name: 'native-addons',
    setup(build) {
      build.onLoad({ filter: /\.node$/, namespace: 'file' }, ({ path }) => ({
        contents: `module.exports = ${ADDON}(${JSON.stringify(relative(folder, path))});`,
        loader: 'js',
      }));
    },
  };
}

function knownExports(exportsOf: ReadonlyMap<string, readonly string[]>): Plugin {
  const namespace = SHARED_NAMESPACE;
  return {
    name: 'known-exports',
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ path, kind }) =>
        exportsOf.has(path) && kind !== 'require-call' ? { path, namespace } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace }, ({ path }) => {
        const names = exportsOf.get(path) ?? [];
        return {
          contents: `let value; export { ${names.map((name) => `value as ${JSON.stringify(name)}`).join(', ')} };`,
        };
      });
    },
  };
}

function compiledOf(built: Built, folder: string, shared: readonly string[]): Compiled {
  const output = (ending: string): string => built.outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  const files: BundledFile[] = [];
  const required = new Set<string>();
  for (const [name, input] of Object.entries(built.metafile.inputs)) {
    if (name === WRAPPER) continue;
    const imports: { specifier: string | undefined; found: string }[] = [];
    for (const { path, kind, external, original } of input.imports) {
      if (external !== true) imports.push({ specifier: original, found: resolve(folder, path) });
      else if (isBuiltin(path) || kind === 'entry-point' || path === '<runtime>') continue;
      else if (shared.includes(path)) {
        if (kind === 'require-call') required.add(path);
      }
      // An optional package that is not installed, or a pattern.
      else imports.push({ specifier: path, found: '' });
    }
    files.push({ path: resolve(folder, name), imports });
  }
  return {
    text: output('.js'),
    map: output('.map'),
    files,
    required: [...required],
    addons: files.map(({ path }) => path).filter((path) => path.endsWith('.node')),
    warnings: built.warnings,
  };
}

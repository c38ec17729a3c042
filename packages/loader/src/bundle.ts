import { pathToFileURL } from 'node:url';

/**
 * A plugin as one function body, with everything needed to call it. Plain data: it is written to the cache as it is.
 * Relative paths are relative to the entry's folder.
 */
export interface Bundle {
  /** Absolute and real. */
  readonly entry: string;
  /** Hash of the names and contents of all inputs and of what was made of them. */
  readonly digest: string;
  /** Absolute. Own files, files of own packages, native add-ons, and data files named by `new URL('./x', import.meta.url)`. */
  readonly inputs: readonly string[];
  /** Statements of an asynchronous function, ending with the names of its source and its source map. */
  readonly body: string;
  /** The function's parameters, in order. */
  readonly parameters: readonly Parameter[];
  /** Exports of shared modules that the code imports by name; checked before it runs. */
  readonly imported: readonly { readonly specifier: string; readonly name: string }[];
  /** Shared modules that the code may `require`. That cannot wait, so they are imported before it runs. */
  readonly required: readonly string[];
  /** Native add-ons that are named in the code; absolute. */
  readonly addons: readonly string[];
  /** What the code seems to change that outlives it: see `mentionsIn`. */
  readonly mentions: readonly string[];
}

/**
 * By this name debuggers know a bundle, and stack traces where source maps are off. It is the same for every version of a plugin, and must not
 * pass for the entry's own name: editors set a breakpoint in whatever bears the name of the source file, with or without a query, besides the
 * places that the source map names, and would stop at a line that means nothing.
 */
export const bundleUrl = (entry: string): string => `${pathToFileURL(entry).href}.bundle.js`;

/** What the function gets under one of its parameters. */
export type Parameter = { readonly name: string } & (
  | { readonly gives: 'namespace'; readonly specifier: string }
  /** An object whose `value` is one export, for export names that are no identifiers. */
  | { readonly gives: 'export'; readonly specifier: string; readonly exportName: string }
  /** `import.meta` of one source file. */
  | { readonly gives: 'meta'; readonly file: string }
  /** `import()` as seen from one source file. */
  | { readonly gives: 'import'; readonly file: string }
  /** `self` is called first of all, with a function of the bundle; `globals` has what is named of `LedgerGlobals`. */
  | { readonly gives: 'require' | 'addon' | 'exports' | 'self' | 'globals' }
);

/** Two lines come before the body in a function that is made from text; the source map counts them. */
export const HEADER_LINES = 2;

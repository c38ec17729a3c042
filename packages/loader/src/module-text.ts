import { SourceMap } from 'node:module';
import { resolve } from 'node:path';
import type { LedgerGlobals } from '@backplane/ports';
import { type Export, type Import, init, parse, type StaticImport } from 'es-module-lexer';
import type { Bundle, Parameter } from './bundle.ts';

/** ESM text that is on its way to being a function body: all positions are still those of the text it was made from. */
export interface FunctionText extends Pick<Bundle, 'parameters' | 'imported'> {
  readonly text: string;
  /** What unbound names must be replaced with to become reads of live bindings. */
  readonly define: Readonly<Record<string, string>>;
  /** Absolute paths of `new URL('./x', import.meta.url)`. */
  readonly dataFiles: readonly string[];
}

/** What compiled text calls to load a native add-on. */
export const ADDON = '__backplaneAddon';

/** What a ledger gives in place of the globals. */
const LEDGER_GLOBALS = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
] as const satisfies readonly (keyof LedgerGlobals)[];

const DATA_FILE = /new URL\("([^"]+)", $/;
const PLAIN_NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/**
 * Takes the module syntax out of bundled text. Import statements become blanks and their names unbound, to be defined as properties of
 * namespaces in the next pass; `import.meta` and `import()` become parameters, one for each source file that uses them. The text exports
 * one thing, the namespace of the entry; it is handed to a parameter. Nothing changes its place, so that the source map holds.
 * @param map source map of the text, with sources relative to `folder`
 * @throws Error on module syntax that has no such form
 */
export async function toFunctionText(text: string, map: string, folder: string): Promise<FunctionText> {
  await init();
  const [imports, exports] = parse(text);
  const prefix = absentFrom(text, ['__bp', '__bp_', '__bp$', '$$bp']);
  const draft = new Draft(text, prefix, new Origins(text, map, folder));
  for (const found of imports) draft.take(found);
  draft.takeExport(exports[0]);
  return draft.finish();
}

class Draft {
  readonly #text: string;
  readonly #prefix: string;
  readonly #origins: Origins;
  readonly #cuts: { start: number; end: number; put: string }[] = [];
  readonly #parameters = new Map<string, Parameter>();
  readonly #define: Record<string, string> = {};
  readonly #imported: { specifier: string; name: string }[] = [];
  readonly #dataFiles = new Set<string>();
  readonly #files: string[] = [];
  /** Two characters, so that `import` and `import.meta` give way to names of equal length. */
  readonly #short: string;
  #tail = '';

  constructor(text: string, prefix: string, origins: Origins) {
    this.#text = text;
    this.#prefix = prefix;
    this.#origins = origins;
    this.#short = absentFrom(text, shortPrefixes());
    this.#parameter({ name: `${prefix}_exports`, gives: 'exports' });
    this.#parameter({ name: `${prefix}_self`, gives: 'self' });
    this.#offer('require', 'require');
    this.#offer(ADDON, 'addon');
    for (const name of LEDGER_GLOBALS) this.#offerGlobal(name);
  }

  take(found: Import): void {
    if (found.type !== 'import-meta' && found.phase === 'source')
      throw new Error(
        `Source phase imports are not supported: ${this.#text.slice(found.importStart, found.importEnd)}`,
      );
    switch (found.type) {
      case 'static':
        this.#cut(found.importStart, found.importEnd);
        this.#takeNames(found);
        break;
      case 'reexport-star':
        throw new Error(`The bundle exports what it does not have: ${found.specifier}`);
      case 'dynamic': {
        const file = this.#origins.fileAt(found.importStart);
        const name = this.#short + this.#indexOf(file).padStart(4, '0');
        this.#parameter({ name, gives: 'import', file });
        this.#replace(found.importStart, 'import'.length, name);
        break;
      }
      case 'import-meta': {
        const file = this.#origins.fileAt(found.start);
        const name = this.#short + this.#indexOf(file).padStart(9, '0');
        this.#parameter({ name, gives: 'meta', file });
        this.#replace(found.start, 'import.meta'.length, name);
        this.#takeDataFile(found.start, file);
        break;
      }
    }
  }

  /** The one export of the text is the namespace of the entry. */
  takeExport(found: Export | undefined): void {
    if (found?.type !== 'direct' || found.localName === undefined) throw new Error('The bundle has no namespace');
    this.#cut(found.exportStart, this.#text.indexOf('}', found.end) + 1);
    this.#tail = `\n${this.#prefix}_exports(${found.localName});\n`;
  }

  finish(): FunctionText {
    let text = '';
    let done = 0;
    for (const { start, end, put } of this.#cuts.sort((a, b) => a.start - b.start)) {
      text += this.#text.slice(done, start) + put;
      done = end;
    }
    return {
      text: text + this.#text.slice(done) + this.#tail,
      define: this.#define,
      parameters: [...this.#parameters.values()],
      imported: this.#imported,
      dataFiles: [...this.#dataFiles],
    };
  }

  #takeNames(found: StaticImport): void {
    const namespace = this.#namespace(found.specifier);
    const clause = this.#text.slice(found.importStart + 'import'.length, found.start - 1).replace(/\bfrom\s*$/, '');
    const braces = clause.indexOf('{');
    const outside = braces < 0 ? clause : clause.slice(0, braces);
    const [, star] = /\*\s*as\s+([^\s,]+)/.exec(outside) ?? [];
    if (star !== undefined) this.#define[star] = namespace;
    const [, first] = /^\s*([^\s,*{]+)\s*(?:,|$)/.exec(outside) ?? [];
    if (first !== undefined) this.#bind(first, found.specifier, 'default');
    if (braces < 0) return;
    const inside = clause.slice(braces + 1, clause.lastIndexOf('}'));
    for (const [, exported = '', local = exported] of inside.matchAll(
      /("(?:[^"\\]|\\.)*"|[^\s,"]+)(?:\s+as\s+([^\s,]+))?/g,
    ))
      this.#bind(local, found.specifier, exported.startsWith('"') ? JSON.parse(exported) : exported);
  }

  #bind(local: string, specifier: string, name: string): void {
    this.#imported.push({ specifier, name });
    this.#define[local] = this.#read(specifier, name);
  }

  #read(specifier: string, name: string): string {
    const namespace = this.#namespace(specifier);
    if (PLAIN_NAME.test(name)) return `${namespace}.${name}`;
    const known = [...this.#parameters.values()].find(
      (one) => one.gives === 'export' && one.specifier === specifier && one.exportName === name,
    );
    const alias = known?.name ?? `${this.#prefix}_alias${this.#parameters.size}`;
    this.#parameter({ name: alias, gives: 'export', specifier, exportName: name });
    return `${alias}.value`;
  }

  #namespace(specifier: string): string {
    for (const one of this.#parameters.values())
      if (one.gives === 'namespace' && one.specifier === specifier) return one.name;
    const name = `${this.#prefix}${this.#parameters.size}`;
    this.#parameter({ name, gives: 'namespace', specifier });
    return name;
  }

  #takeDataFile(metaStart: number, file: string): void {
    const [, relative] = DATA_FILE.exec(this.#text.slice(Math.max(0, metaStart - 512), metaStart)) ?? [];
    if (relative === undefined || !this.#text.startsWith('import.meta.url)', metaStart)) return;
    if (/^\.{1,2}\//.test(relative))
      this.#dataFiles.add(resolve(file, '..', decodeURI(relative.replace(/[?#].*$/, ''))));
  }

  /** A free name that the host gives a meaning. */
  #offer(name: string, gives: 'require' | 'addon'): void {
    if (!this.#text.includes(name)) return;
    this.#define[name] = `${this.#prefix}_${gives}`;
    this.#parameter({ name: `${this.#prefix}_${gives}`, gives });
  }

  /** As members of an object, so that what an author may do with a global (assign, delete, ask for its type) stays possible. */
  #offerGlobal(name: string): void {
    if (!this.#text.includes(name)) return;
    const read = `${this.#prefix}_globals.${name}`;
    for (const form of [name, `globalThis.${name}`, `global.${name}`]) this.#define[form] = read;
    this.#parameter({ name: `${this.#prefix}_globals`, gives: 'globals' });
  }

  #parameter(parameter: Parameter): void {
    this.#parameters.set(parameter.name, parameter);
  }

  #indexOf(file: string): string {
    if (!this.#files.includes(file)) this.#files.push(file);
    return this.#files.indexOf(file).toString(36);
  }

  #cut(start: number, end: number): void {
    this.#cuts.push({ start, end, put: this.#text.slice(start, end).replace(/[^\n]/g, ' ') });
  }

  #replace(start: number, length: number, put: string): void {
    this.#cuts.push({ start, end: start + length, put });
  }
}

/** Finds the source file of a place in the text. Reads the map when first asked. */
class Origins {
  readonly #text: string;
  readonly #map: string;
  readonly #folder: string;
  #parsed: SourceMap | undefined;

  constructor(text: string, map: string, folder: string) {
    this.#text = text;
    this.#map = map;
    this.#folder = folder;
  }

  /** Absolute. */
  fileAt(position: number): string {
    this.#parsed ??= new SourceMap(JSON.parse(this.#map));
    const lineStart = this.#text.lastIndexOf('\n', position - 1) + 1;
    let line = 0;
    for (let at = this.#text.indexOf('\n'); at >= 0 && at < position; at = this.#text.indexOf('\n', at + 1)) line += 1;
    const entry = this.#parsed.findEntry(line, position - lineStart);
    if (!('originalSource' in entry)) throw new Error('A part of the bundle has no source');
    return resolve(this.#folder, entry.originalSource);
  }
}

function absentFrom(text: string, candidates: Iterable<string>): string {
  for (const candidate of candidates) if (!text.includes(candidate)) return candidate;
  throw new Error('The plugin uses every name that the loader could take');
}

function* shortPrefixes(): Generator<string> {
  const starts = '$_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  for (const start of starts) for (const second of starts) yield start + second;
}

import { stripTypeScriptTypes } from 'node:module';
import { init, parse } from 'es-module-lexer';

await init;

/** How a file refers to a module. `type` is gone at run time; `dynamic` is evaluated later. */
export type ImportKind = 'value' | 'type' | 'dynamic';

export interface SourceImport {
  readonly specifier: string;
  readonly kind: ImportKind;
  /** 1-based. */
  readonly line: number;
}

const IMPORT_CALL = /\bimport\(\s*(['"])([^'"]+)\1\s*\)/g;
const COMMENT_LINE = /^\s*(\/\/|\/\*|\*)/;

/** The text without its types. Every character that is left stands where it stood. */
export const withoutTypes = (text: string): string => stripTypeScriptTypes(text);

/**
 * Every import and re-export of a TypeScript module, in order, as the runtime sees it: `import { type A }` loads its module.
 * @throws SyntaxError for text that is no module, or that uses TypeScript which cannot be erased
 */
export function importsOf(text: string): readonly SourceImport[] {
  const stripped = withoutTypes(text);
  const found = new Map<number, Omit<SourceImport, 'line'>>();
  for (const entry of parse(text)[0]) {
    if (entry.type === 'dynamic' || entry.type === 'import-meta') continue;
    found.set(entry.start, { specifier: entry.specifier, kind: entry.typeOnly ? 'type' : 'value' });
  }
  for (const entry of parse(stripped)[0]) {
    if (entry.type !== 'dynamic' || entry.specifier === undefined) continue;
    found.set(entry.start, { specifier: entry.specifier, kind: 'dynamic' });
  }
  // `import('x').T` in the place of a type: there before the stripping, gone after it.
  for (const { index, 0: whole, 2: specifier = '' } of text.matchAll(IMPORT_CALL)) {
    const erased = stripped.slice(index, index + whole.length).trim() === '';
    const before = text.slice(text.lastIndexOf('\n', index) + 1, index);
    if (erased && !COMMENT_LINE.test(before)) found.set(index, { specifier, kind: 'type' });
  }
  return [...found.entries()]
    .sort(([a], [b]) => a - b)
    .map(([at, { specifier, kind }]) => ({ specifier, kind, line: lineAt(text, at) }));
}

/** The 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

import { readFileSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { sourcePosition } from './code-frame.ts';
import type { SourcePosition } from './errors.ts';

/** At the beginning of a line, or before a class that is exported. Comments begin their lines with a star. */
const DECORATOR = /^[ \t]*(?:export[ \t]+(?:default[ \t]+)?)?(@[A-Za-z_$][\w$.]*)/;
const RELATIVE = /\b(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;
const MOST_FILES = 200;

/**
 * The first decorator in a file, or in those that it imports from beside it. It looks at text, so it is asked only where Node has found
 * that something does not compile: Node does not say where.
 */
export function findDecorator(entry: string): SourcePosition | undefined {
  const files = new Set([entry]);
  for (const file of files) {
    const text = textOf(file);
    for (const [index, line] of text.split('\n').entries()) {
      const [whole, name] = DECORATOR.exec(line) ?? [];
      if (whole !== undefined && name !== undefined)
        return sourcePosition(file, index + 1, whole.length - name.length + 1);
    }
    for (const [, specifier = ''] of text.matchAll(RELATIVE)) {
      const path = resolve(dirname(file), specifier);
      if (/^\.[cm]?[jt]s$/.test(extname(path)) && files.size < MOST_FILES) files.add(path);
    }
  }
  return undefined;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

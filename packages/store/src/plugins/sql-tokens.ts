import type { DatabaseDialect } from '@backplane/plugin-api';

/** One piece of a statement. Blanks and comments are none. */
export interface SqlToken {
  /** `name` is a word or a quoted name, `text` a literal, `parameter` a `$1`, `?` or the like, `sign` everything else. */
  readonly kind: 'word' | 'name' | 'text' | 'parameter' | 'sign';
  /** Words and names in lower case, without quotes. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** What a statement may not hold, because two readers could understand it differently. */
export interface SqlProblem {
  readonly problem: string;
}

const BLANK = /[\t\n\f\r ]+/y;
const LINE_COMMENT = /--[^\n]*/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /\d\w*(?:\.\w*)?/y;
const TEXT = /'(?:[^']|'')*('|$)/y;
const ESCAPED_TEXT = /'(?:[^'\\]|''|\\[\s\S])*('|$)/y;
const QUOTED = /"((?:[^"]|"")*)("|$)/y;
const TICKED = /`((?:[^`]|``)*)(`|$)/y;
const BRACKETED = /\[([^\]]*)(\]|$)/y;
const PARAMETER = /\$\d+|\?\d*|[:@]\w+/y;
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;

/** Reads SQL as its database does, so far as to tell names from literals and comments. */
export function readTokens(text: string, dialect: DatabaseDialect): readonly SqlToken[] | SqlProblem {
  // Databases take the first for the end and the second for a blank.
  if (/[\0\ufeff]/.test(text)) return { problem: 'a character that is none' };
  const tokens: SqlToken[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const add = (kind: SqlToken['kind'], value: string, length: number): void => {
    tokens.push({ kind, value, start: at, end: at + length });
    at += length;
  };
  while (at < text.length) {
    const blank = match(BLANK) ?? match(LINE_COMMENT);
    if (blank !== null) {
      at += blank[0].length;
      continue;
    }
    const char = text[at] as string;
    if (char === '/' && text[at + 1] === '*') {
      const end = dialect === 'postgres' ? endOfNested(text, at) : text.indexOf('*/', at + 2);
      if (end < 0) return { problem: 'a comment that does not end' };
      at = dialect === 'postgres' ? end : end + 2;
      continue;
    }
    if (dialect === 'postgres' && match(DOLLAR_QUOTE) !== null) return { problem: 'text between dollar signs' };
    const last = tokens.at(-1);
    if (char === "'") {
      const escaped = dialect === 'postgres' && last?.kind === 'word' && last.value === 'e' && last.end === at;
      const [whole, closed] = match(escaped ? ESCAPED_TEXT : TEXT) as RegExpExecArray;
      if (closed === '') return { problem: 'a text that does not end' };
      add('text', (whole as string).slice(1, -1).replaceAll("''", "'"), (whole as string).length);
      continue;
    }
    const quoted =
      char === '"'
        ? match(QUOTED)
        : dialect === 'libsql' && char === '`'
          ? match(TICKED)
          : dialect === 'libsql' && char === '['
            ? match(BRACKETED)
            : null;
    if (quoted !== null) {
      const [whole, inner, closed] = quoted as unknown as [string, string, string];
      if (closed === '') return { problem: 'a name that does not end' };
      if (dialect === 'postgres' && last?.value === '&' && last.end === at) return { problem: 'a name with escapes' };
      const name = char === '[' ? inner : inner.replaceAll(char + char, char);
      add('name', name.toLowerCase(), whole.length);
      continue;
    }
    const word = match(WORD);
    if (word !== null) {
      add('word', word[0].toLowerCase(), word[0].length);
      continue;
    }
    const parameter = match(PARAMETER);
    // In PostgreSQL the others are operators.
    if (parameter !== null && (dialect === 'libsql' || char === '$')) {
      add('parameter', parameter[0], parameter[0].length);
      continue;
    }
    const number = match(NUMBER);
    if (number !== null) add('sign', '0', number[0].length);
    else add('sign', char, 1);
  }
  return tokens;
}

/** PostgreSQL's comments hold others. */
function endOfNested(text: string, start: number): number {
  let depth = 0;
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  for (let found = edge.exec(text); found !== null; found = edge.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return -1;
}

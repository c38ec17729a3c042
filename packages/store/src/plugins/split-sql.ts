import type { DatabaseDialect } from '@backplane/plugin-api';
import { errors } from '../errors.ts';
import { readTokens, type SqlToken } from './sql-tokens.ts';

/** The statements of a text, in order, each without its semicolon. @throws BP_DATABASE_SQL_REFUSED */
export function splitSql(text: string, dialect: DatabaseDialect): readonly string[] {
  const tokens = readTokens(text, dialect);
  if ('problem' in tokens)
    throw errors.BP_DATABASE_SQL_REFUSED({ reason: `it holds ${tokens.problem}`, sql: text.slice(0, 200) });
  const statements: string[] = [];
  let from = 0;
  while (from < tokens.length) {
    const end = endOfStatement(tokens, from, dialect);
    const [first, last] = [tokens[from], tokens[end - 1]];
    if (end > from) statements.push(text.slice(first?.start, last?.end));
    from = end + 1;
  }
  return statements;
}

/** The index of the semicolon that ends it. Within a trigger that is the one after its `end`. */
function endOfStatement(tokens: readonly SqlToken[], from: number, dialect: DatabaseDialect): number {
  const words = tokens.slice(from, from + 3).map(({ value }) => value);
  const trigger = dialect === 'libsql' && words[0] === 'create' && words.includes('trigger');
  for (let at = from; at < tokens.length; at++) {
    const { kind, value } = tokens[at] as SqlToken;
    if (kind !== 'sign' || value !== ';') continue;
    if (
      !trigger ||
      (tokens[at - 1]?.kind === 'word' && tokens[at - 1]?.value === 'end' && tokens[at - 2]?.value === ';')
    )
      return at;
  }
  return tokens.length;
}

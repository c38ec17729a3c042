import type { DatabaseDialect } from '@backplane/plugin-api';
import { errors } from '../errors.ts';
import {
  BEFORE_OBJECT,
  CLOSED_FUNCTIONS,
  CLOSED_PREFIXES,
  CLOSED_TABLES,
  OBJECTS,
  OPEN_FUNCTIONS,
  OPEN_PRAGMAS,
  READS,
  VERBS,
} from './sql-rules.ts';
import { readTokens, type SqlToken } from './sql-tokens.ts';

/** A statement that may be made. */
export interface VettedSql {
  /** As the driver wants it: libSQL takes `$2` for a name, and would count it by where it stands. */
  readonly text: string;
  /** Changes nothing. */
  readonly reads: boolean;
  /** Changes the schema. */
  readonly shapes: boolean;
  /** How many parameters it wants. */
  readonly parameters: number;
}

/** Texts longer than this are read anew each time. */
const KEPT_LENGTH = 4096;
const KEPT = 1024;
/** Reading takes the host's own time: some milliseconds for so much. */
const MOST_LENGTH = 256 * 1024;

/** Lets statements through that reach the plugin's own tables and nothing else. Keeps what it has found. */
export class SqlGuard {
  readonly #dialect: DatabaseDialect;
  readonly #vetted = new Map<string, VettedSql>();

  constructor(dialect: DatabaseDialect) {
    this.#dialect = dialect;
  }

  /** @throws BP_DATABASE_SQL_REFUSED */
  vet(text: string): VettedSql {
    const known = this.#vetted.get(text);
    if (known !== undefined) return known;
    const vetted = vetSql(text, this.#dialect);
    if (text.length <= KEPT_LENGTH) {
      const [oldest] = this.#vetted.keys();
      if (this.#vetted.size >= KEPT && oldest !== undefined) this.#vetted.delete(oldest);
      this.#vetted.set(text, vetted);
    }
    return vetted;
  }
}

/** @throws BP_DATABASE_SQL_REFUSED */
export function vetSql(text: string, dialect: DatabaseDialect): VettedSql {
  const refuse = (reason: string): never => {
    throw errors.BP_DATABASE_SQL_REFUSED({ reason, sql: text.slice(0, 200) });
  };
  if (text.length > MOST_LENGTH) return refuse(`it is longer than ${MOST_LENGTH} characters`);
  const tokens = readTokens(text, dialect);
  if ('problem' in tokens) return refuse(`it holds ${tokens.problem}`);
  const inner = trimSemicolons(tokens);
  if (inner.length === 0) return refuse('it is empty');
  const verb = verbOf(inner);
  if (!VERBS[dialect].has(verb)) {
    const known = /^[a-z]\w*$/.test(verb) ? `"${verb.toUpperCase()}"` : 'that';
    return refuse(
      /^(?:begin|commit|end|rollback|savepoint|release|start|abort)$/.test(verb)
        ? `${known} is the host’s affair: use transaction()`
        : `${known} is not among the statements that plugins make`,
    );
  }
  if (verb === 'create' || verb === 'alter' || verb === 'drop' || verb === 'comment') {
    const object = objectOf(inner, dialect);
    if (!OBJECTS[dialect].has(object))
      return refuse(`"${verb.toUpperCase()} ${object.toUpperCase()}" is not open to plugins`);
    // The bodies of triggers hold semicolons.
    if (object !== 'trigger') assertSingle(inner, refuse);
  } else assertSingle(inner, refuse);
  for (const [index, token] of inner.entries()) {
    const closed =
      dialect === 'libsql' ? closedInLibsql(token, inner[index + 1]) : closedInPostgres(token, inner[index + 1]);
    if (closed) return refuse(`"${token.value}" is closed to plugins`);
  }
  const { parameters, rewritten } =
    dialect === 'libsql' ? rewrite(text, inner, refuse) : { parameters: -1, rewritten: text };
  const shapes = !['select', 'values', 'insert', 'replace', 'update', 'delete', 'merge'].includes(verb);
  return { text: rewritten, reads: READS.has(verb) && isPureRead(inner), shapes, parameters };
}

function trimSemicolons(tokens: readonly SqlToken[]): readonly SqlToken[] {
  let [start, end] = [0, tokens.length];
  while (start < end && tokens[start]?.value === ';' && tokens[start]?.kind === 'sign') start++;
  while (end > start && tokens[end - 1]?.value === ';' && tokens[end - 1]?.kind === 'sign') end--;
  return tokens.slice(start, end);
}

function assertSingle(tokens: readonly SqlToken[], refuse: (reason: string) => never): void {
  if (tokens.some(({ kind, value }) => kind === 'sign' && value === ';')) refuse('it is more than one statement');
}

/** The word that says what is done: after `explain`, and after everything that `with` names. */
function verbOf(tokens: readonly SqlToken[]): string {
  let rest = tokens;
  if (isWord(rest[0], 'explain')) rest = rest.slice(isWord(rest[1], 'query') && isWord(rest[2], 'plan') ? 3 : 1);
  if (isWord(rest[0], 'analyze') && rest !== tokens) rest = rest.slice(1);
  if (!isWord(rest[0], 'with')) return rest[0]?.kind === 'word' ? rest[0].value : '';
  let depth = 0;
  for (const { kind, value } of rest) {
    if (kind === 'sign' && value === '(') depth++;
    else if (kind === 'sign' && value === ')') depth--;
    else if (depth === 0 && kind === 'word' && WITH_VERBS.has(value)) return value;
  }
  return '';
}
const WITH_VERBS = new Set(['select', 'values', 'insert', 'replace', 'update', 'delete', 'merge']);

/** PostgreSQL lets a read write: `with x as (delete …) select`, `select … into`, `for update`. */
const isPureRead = (tokens: readonly SqlToken[]): boolean =>
  !tokens.some(({ kind, value }) => kind === 'word' && WRITES.has(value));
const WRITES = new Set(['insert', 'update', 'delete', 'merge', 'into']);

function objectOf(tokens: readonly SqlToken[], dialect: DatabaseDialect): string {
  const object = tokens.slice(1).find(({ kind, value }) => kind !== 'word' || !BEFORE_OBJECT[dialect].has(value));
  return object?.kind === 'word' ? object.value : '';
}

function closedInLibsql({ kind, value }: SqlToken, next: SqlToken | undefined): boolean {
  if (kind === 'word' || kind === 'name') {
    if (next?.kind === 'sign' && next.value === '(' && CLOSED_FUNCTIONS.libsql.has(value)) return true;
  } else if (kind !== 'text') return false;
  // A text in quotes is taken for a table, too, where only a table can stand.
  const name = value.toLowerCase();
  return CLOSED_TABLES.has(name) || (name.startsWith('pragma_') && !OPEN_PRAGMAS.has(name));
}

function closedInPostgres({ kind, value }: SqlToken, next: SqlToken | undefined): boolean {
  if (kind !== 'word' && kind !== 'name') return false;
  if (next?.kind !== 'sign' || next.value !== '(' || OPEN_FUNCTIONS.has(value)) return false;
  return CLOSED_FUNCTIONS.postgres.has(value) || CLOSED_PREFIXES.some((prefix) => value.startsWith(prefix));
}

function rewrite(
  text: string,
  tokens: readonly SqlToken[],
  refuse: (reason: string) => never,
): { readonly parameters: number; readonly rewritten: string } {
  let parameters = 0;
  let plain = 0;
  let rewritten = '';
  let at = 0;
  for (const { kind, value, start, end } of tokens) {
    if (kind === 'sign' && value === '$') refuse('a "$" stands where no parameter is');
    if (kind !== 'parameter') continue;
    if (value === '?') plain++;
    else {
      const number = Number(value.slice(1));
      if (!/^[$?]/.test(value) || number < 1 || number > 32_766)
        refuse(`"${value}" is no parameter: they are $1, $2, …`);
      parameters = Math.max(parameters, number);
      rewritten += `${text.slice(at, start)}?${number}`;
      at = end;
    }
  }
  if (plain > 0 && parameters > 0) refuse('it mixes "?" with numbered parameters');
  return { parameters: Math.max(parameters, plain), rewritten: rewritten + text.slice(at) };
}

const isWord = (token: SqlToken | undefined, value: string): boolean => token?.kind === 'word' && token.value === value;

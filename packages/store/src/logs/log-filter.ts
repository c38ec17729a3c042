import type { LogRecord } from '@backplane/ports';
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import type { StoreKind } from '../migrations.ts';
import type { Tables } from '../tables.ts';

/** Which lines are meant: those that meet everything that is given. */
export interface LogFilter {
  /** Canonical name. Lines of the host have none. */
  readonly plugin?: string;
  /** This level and graver ones. */
  readonly level?: LogRecord['level'];
  /** This namespace and all below it. */
  readonly namespace?: string;
  /** Milliseconds since the epoch, inclusive. */
  readonly since?: number;
  /** Exclusive. */
  readonly until?: number;
  /** Stands in the message, or in the fields as JSON; A to Z in either case. */
  readonly text?: string;
  readonly traceId?: string;
}

const LEVELS: readonly LogRecord['level'][] = ['trace', 'debug', 'info', 'warn', 'error'];
const PLUGINS = 'plugins.';

/** The name in `plugins.NAME` and what is below it. */
export function pluginIn(namespace: string): string | null {
  if (!namespace.startsWith(PLUGINS)) return null;
  const end = namespace.indexOf('.', PLUGINS.length);
  return namespace.slice(PLUGINS.length, end === -1 ? undefined : end);
}

const gravestFrom = (level: LogRecord['level']) => LEVELS.slice(LEVELS.indexOf(level));

/** The filter for a line that is not in the database. */
export function matcherOf(filter: LogFilter): (record: LogRecord) => boolean {
  const { plugin, level, namespace, since, until, traceId } = filter;
  const levels = new Set(level === undefined ? LEVELS : gravestFrom(level));
  const below = `${namespace}.`;
  const text = filter.text === undefined ? undefined : lowered(filter.text);
  return (record) =>
    levels.has(record.level) &&
    (plugin === undefined || pluginIn(record.namespace) === plugin) &&
    (namespace === undefined || record.namespace === namespace || record.namespace.startsWith(below)) &&
    (since === undefined || record.time >= since) &&
    (until === undefined || record.time < until) &&
    (traceId === undefined || record.traceId === traceId) &&
    (text === undefined ||
      lowered(record.message).includes(text) ||
      (lowered(JSON.stringify(record.fields)) ?? '').includes(text));
}

export type LogRows = ExpressionBuilder<Tables, 'plugin_logs'>;

/** What an index finds. */
export function indexedConditions(rows: LogRows, filter: LogFilter): Expression<SqlBool>[] {
  const { plugin, since, until, traceId } = filter;
  return [
    ...(plugin === undefined ? [] : [rows('plugin', '=', plugin)]),
    ...(traceId === undefined ? [] : [rows('trace_id', '=', traceId)]),
    ...(since === undefined ? [] : [rows('time', '>=', since)]),
    ...(until === undefined ? [] : [rows('time', '<', until)]),
  ];
}

/** What each line must be looked at for. */
export function scannedConditions(rows: LogRows, filter: LogFilter, kind: StoreKind): Expression<SqlBool>[] {
  const { level, namespace, text } = filter;
  const conditions: Expression<SqlBool>[] = [];
  if (level !== undefined && level !== 'trace') conditions.push(rows('level', 'in', gravestFrom(level)));
  if (namespace !== undefined) {
    const below = `${namespace}.`;
    // Without `like`, which knows cases on one database and none on the other.
    const isBelow = sql<SqlBool>`substr(namespace, 1, ${[...below].length}) = ${below}`;
    conditions.push(rows.or([rows('namespace', '=', namespace), isBelow]));
  }
  if (text !== undefined) conditions.push(rows.or([contains(kind, 'message', text), contains(kind, 'fields', text)]));
  return conditions;
}

function contains(kind: StoreKind, column: 'message' | 'fields', text: string): Expression<SqlBool> {
  const within = sql.ref(column);
  const wanted = lowered(text.replaceAll('\0', ''));
  return kind === 'postgres'
    ? sql<SqlBool>`position(${wanted} in lower(${within} collate "C")) > 0`
    : sql<SqlBool>`instr(lower(${within}), ${wanted}) > 0`;
}

/** As both databases do it, whatever their settings: letters beyond A to Z stay as they are. */
const lowered = (text: string): string => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());

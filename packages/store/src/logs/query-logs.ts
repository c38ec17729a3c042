import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogRecord } from '@backplane/ports';
import type { Expression, SqlBool } from 'kysely';
import { errors } from '../errors.ts';
import type { Store } from '../store.ts';
import { indexedConditions, type LogFilter, type LogRows, scannedConditions } from './log-filter.ts';

export interface LogQuery extends LogFilter {
  /** Lines at most. Default 100, 1,000 at most. */
  readonly limit?: number;
  /** Where the page before ended. */
  readonly cursor?: string;
}

/** A line as it was kept. */
export interface KeptLine extends LogRecord {
  readonly id: number;
  /** Canonical name; `undefined` for lines of the host. */
  readonly plugin: string | undefined;
}

export interface LogPage {
  /** Newest first. */
  readonly lines: readonly KeptLine[];
  /** For the next page; `undefined` when there is no older line. A page may be short, or empty, and have one: then so far was looked. */
  readonly cursor: string | undefined;
}

const DEFAULT_LIMIT = 100;
const MOST = 1_000;
/** Lines that are looked at in one piece. The embedded database is read on the main thread, where this takes a few milliseconds. */
const SLICE = { libsql: 2_000, postgres: 20_000 } as const;
/** Pieces for one page. */
const MOST_SLICES = 100;

/** Lines are ordered by time, and by id where times are the same. */
interface Place {
  readonly time: number;
  readonly id: number;
}

/**
 * Gives the lines that are meant, newest first, page by page: a page begins behind the line where the one before ended, whatever is written
 * meanwhile. No query holds up the event loop for long: what no index finds is looked at in pieces, and only so many of them for one page.
 * @throws BP_LOG_CURSOR
 */
export async function queryLogs(store: Store, query: LogQuery): Promise<LogPage> {
  const limit = Math.max(1, Math.min(MOST, Math.floor(query.limit ?? DEFAULT_LIMIT)));
  const lines: KeptLine[] = [];
  let from = query.cursor === undefined ? undefined : placeIn(query.cursor);
  for (let slice = 0; slice < MOST_SLICES; slice++) {
    const end = isScanned(query) ? await endOfSlice(store, query, from) : undefined;
    lines.push(...(await linesIn(store, query, { from, end, limit: limit - lines.length })));
    const last = lines.at(-1);
    if (lines.length === limit && last !== undefined) return { lines, cursor: cursorAt(last) };
    if (end === undefined) return { lines, cursor: undefined };
    from = end;
    await nextTurn();
  }
  return { lines, cursor: from && cursorAt(from) };
}

const isScanned = ({ level, namespace, text }: LogFilter): boolean =>
  level !== undefined || namespace !== undefined || text !== undefined;

/** The last line of a piece that begins behind `from`; `undefined` when that is the last piece. */
function endOfSlice({ db, kind }: Store, query: LogQuery, from: Place | undefined): Promise<Place | undefined> {
  return db
    .selectFrom('plugin_logs')
    .select(['time', 'id'])
    .where((rows) => rows.and([...indexedConditions(rows, query), ...behind(rows, from)]))
    .orderBy('time', 'desc')
    .orderBy('id', 'desc')
    .offset(SLICE[kind] - 1)
    .limit(1)
    .executeTakeFirst();
}

interface Stretch {
  readonly from: Place | undefined;
  /** Inclusive. */
  readonly end: Place | undefined;
  readonly limit: number;
}

async function linesIn({ db, kind }: Store, query: LogQuery, { from, end, limit }: Stretch): Promise<KeptLine[]> {
  const found = await db
    .selectFrom('plugin_logs')
    .selectAll()
    .where((rows) =>
      rows.and([
        ...indexedConditions(rows, query),
        ...behind(rows, from),
        ...(end === undefined
          ? []
          : [rows('time', '>=', end.time), rows.or([rows('time', '>', end.time), rows('id', '>=', end.id)])]),
        ...scannedConditions(rows, query, kind),
      ]),
    )
    .orderBy('time', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return found.map(({ trace_id, plugin, fields, level, ...line }) => ({
    ...line,
    level: level as LogRecord['level'],
    plugin: plugin ?? undefined,
    fields: fields === null ? {} : JSON.parse(fields),
    traceId: trace_id ?? undefined,
  }));
}

/** The first condition is for the index. */
const behind = (rows: LogRows, from: Place | undefined): Expression<SqlBool>[] =>
  from === undefined
    ? []
    : [rows('time', '<=', from.time), rows.or([rows('time', '<', from.time), rows('id', '<', from.id)])];

const cursorAt = ({ time, id }: Place): string => `${time}.${id}`;

function placeIn(cursor: string): Place {
  const [, time, id] = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor) ?? [];
  if (time === undefined || id === undefined) throw errors.BP_LOG_CURSOR({ cursor });
  return { time: Number(time), id: Number(id) };
}

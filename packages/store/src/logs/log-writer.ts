import { type BackplaneError, type Clock, messageOf } from '@backplane/base';
import type { LogRecord } from '@backplane/ports';
import { CompiledQuery, type Kysely } from 'kysely';
import { BatchWriter } from '../batch/batch-writer.ts';
import { type Cell, RowInserter } from '../batch/row-inserter.ts';
import { errors } from '../errors.ts';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';
import { pluginIn } from './log-filter.ts';

export interface LogWriterOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly report: (problem: BackplaneError) => void;
  readonly batchRows: number;
  readonly batchMs: number;
  readonly room: number;
}

const COLUMNS = ['time', 'level', 'namespace', 'plugin', 'message', 'fields', 'trace_id'];
const LONGEST_FIELDS = 64 * 1024;
const LONGEST_TRACE = 64;
/** Characters of all lines that wait. */
const MOST_TEXT = 32 * 1024 * 1024;
const RETRY_MS = 500;

interface Row {
  readonly cells: readonly Cell[];
  readonly size: number;
}

/**
 * Writes lines in batches. While the database is away they wait, within bounds; what comes on top is dropped and counted, so that what is kept
 * begins where the trouble did.
 */
export class LogWriter {
  readonly #store: Store;
  readonly #report: (problem: BackplaneError) => void;
  readonly #rows: RowInserter;
  readonly #writer: BatchWriter<Row>;
  #text = 0;
  #dropped = 0;
  /** Of those dropped, the ones that were told of. */
  #told = 0;
  #failing = false;

  constructor({ store, clock, report, batchRows, batchMs, room }: LogWriterOptions) {
    this.#store = store;
    this.#report = report;
    this.#rows = new RowInserter(store.kind, 'plugin_logs', COLUMNS);
    const write = (batch: readonly Row[]) => this.#write(batch);
    this.#writer = new BatchWriter({ clock, write, most: batchRows, afterMs: batchMs, room, retryMs: RETRY_MS });
  }

  get waiting(): number {
    return this.#writer.waiting;
  }

  get dropped(): number {
    return this.#dropped;
  }

  take(record: LogRecord): void {
    const row = rowOf(record);
    if (this.#text + row.size > MOST_TEXT || !this.#writer.take(row)) this.#dropped++;
    else this.#text += row.size;
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  async close(): Promise<void> {
    const lost = await this.#writer.close();
    this.#dropped += lost.length;
    this.#tellDropped();
  }

  async #write(batch: readonly Row[]): Promise<void> {
    try {
      await relaxed(this.#store, (own) =>
        this.#rows.insert(
          own,
          batch.map(({ cells }) => cells),
        ),
      );
    } catch (cause) {
      if (!this.#failing) this.#report(errors.BP_LOGS_NOT_WRITTEN({ reason: messageOf(cause) }, { cause }));
      this.#failing = true;
      throw cause;
    }
    this.#failing = false;
    this.#text -= batch.reduce((sum, { size }) => sum + size, 0);
    this.#tellDropped();
  }

  #tellDropped(): void {
    const lines = this.#dropped - this.#told;
    this.#told = this.#dropped;
    if (lines > 0) this.#report(errors.BP_LOGS_DROPPED({ lines }));
  }
}

/**
 * One transaction that waits for no disk where it does not have to: a line of the log outlives this process, and may be lost together with the
 * machine's power. The next commit of anybody else brings it to the disk too.
 */
function relaxed(store: Store, work: (own: Kysely<Tables>) => Promise<void>): Promise<void> {
  if (store.kind === 'postgres')
    return store.db.transaction().execute(async (own) => {
      await own.executeQuery(CompiledQuery.raw('set local synchronous_commit = off'));
      await work(own);
    });
  return store.db.connection().execute(async (own) => {
    await own.executeQuery(CompiledQuery.raw('pragma synchronous = normal'));
    try {
      await own.transaction().execute(work);
    } finally {
      await own.executeQuery(CompiledQuery.raw('pragma synchronous = full'));
    }
  });
}

function rowOf({ time, level, namespace, message, fields, traceId }: LogRecord): Row {
  const json = jsonOf(fields);
  const text = storable(message);
  const trace = traceId === undefined ? null : storable(traceId.slice(0, LONGEST_TRACE));
  const cells = [time, level, namespace, pluginIn(namespace), text, json, trace];
  return { cells, size: text.length + (json?.length ?? 0) };
}

function jsonOf(fields: LogRecord['fields']): string | null {
  try {
    const json = JSON.stringify(fields);
    if (json === '{}' || json === undefined) return null;
    return json.length > LONGEST_FIELDS ? JSON.stringify({ fields_omitted: json.length }) : json;
  } catch (thrown) {
    return JSON.stringify({ fields_unreadable: messageOf(thrown) });
  }
}

/** PostgreSQL keeps no NUL. */
const storable = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text);

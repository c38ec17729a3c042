import { type BackplaneError, type Clock, systemClock } from '@backplane/base';
import type { LogSink } from '@backplane/ports';
import type { Store } from '../store.ts';
import type { LogFilter } from './log-filter.ts';
import { LogRetention } from './log-retention.ts';
import { type LogListener, LogTails } from './log-tails.ts';
import { LogWriter } from './log-writer.ts';
import { type LogPage, type LogQuery, queryLogs } from './query-logs.ts';

export interface LogStoreOptions {
  readonly store: Store;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /**
   * Told once when lines begin to wait for the database (BP_LOGS_NOT_WRITTEN), and afterwards how many did not find room (BP_LOGS_DROPPED). What is logged of it
   * comes back through the sink, and is kept.
   */
  readonly report: (problem: BackplaneError) => void;
  /** Lines in a transaction at most. Default 500. */
  readonly batchRows?: number;
  /** A line is written so many milliseconds after it was logged. Default 250. */
  readonly batchMs?: number;
  /** So many lines may wait for the database. Default 10,000. */
  readonly room?: number;
  /** Lines are deleted when they are so old. Default 7 days. */
  readonly keepMs?: number;
  /** No more lines are kept than these, the youngest. Default 1,000,000. */
  readonly keepRows?: number;
  /** Default 60,000: so often is looked for lines to delete. */
  readonly sweepMs?: number;
}

export interface LogStore {
  /** Takes lines: hand it to `Logging.attach`. Never waits, never throws. */
  readonly sink: LogSink;
  /** Lines that wait for the database. */
  readonly waiting: number;
  /** Lines that were dropped since the start. */
  readonly dropped: number;
  /** Lines that were logged before this call are among those that are looked at, unless the database is away. @throws BP_LOG_CURSOR */
  query(query?: LogQuery): Promise<LogPage>;
  /**
   * Calls the listener with lines that are logged from now on, in order, some at a time and never within the logging itself. It is not called again
   * before what it returned has settled; meanwhile `room` lines wait, default 1,000, and it is told how many did not. What it gives ends it; a
   * listener that fails ends itself.
   */
  tail(filter: LogFilter, listener: LogListener, room?: number): () => void;
  /** Resolves when what was logged so far has been written, or has been tried once more. */
  flush(): Promise<void>;
  /** Writes what waits, and takes no more. The store stays open. */
  close(): Promise<void>;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Keeps lines of the log in the database. */
export function createLogStore(options: LogStoreOptions): LogStore {
  const { store, clock = systemClock, report } = options;
  const { batchRows = 500, batchMs = 250, room = 10_000 } = options;
  const { keepMs = 7 * DAY_MS, keepRows = 1_000_000, sweepMs = 60_000 } = options;
  const writer = new LogWriter({ store, clock, report, batchRows, batchMs, room });
  const tails = new LogTails();
  const retention = new LogRetention({ store, clock, keepMs, keepRows, everyMs: sweepMs });
  let closing: Promise<void> | undefined;
  return {
    sink(record) {
      if (closing !== undefined) return;
      writer.take(record);
      tails.take(record);
    },
    get waiting() {
      return writer.waiting;
    },
    get dropped() {
      return writer.dropped;
    },
    async query(query = {}) {
      await writer.flush();
      return queryLogs(store, query);
    },
    tail: (filter, listener, tailRoom = 1_000) => tails.add(filter, listener, tailRoom),
    flush: () => writer.flush(),
    close() {
      closing ??= (async () => {
        tails.clear();
        await retention.close();
        await writer.close();
      })();
      return closing;
    },
  };
}

import type { LogRecord } from './log-record.ts';

/** Which lines are meant: those that meet everything that is given. */
export interface LogFilter {
  /** Canonical name of a plugin. */
  readonly plugin?: string;
  /** This level and graver ones. */
  readonly level?: LogRecord['level'];
  /** This namespace and all below it. */
  readonly namespace?: string;
  /** Milliseconds since the epoch, inclusive. */
  readonly since?: number;
  /** Exclusive. */
  readonly until?: number;
  /** Stands in the message or the fields. */
  readonly text?: string;
  readonly traceId?: string;
}

/** A line that was kept. */
export interface KeptLogRecord extends LogRecord {
  readonly id: number;
  readonly plugin: string | undefined;
}

/** The lines that are kept, and those that come. */
export interface LogBook {
  /** Newest first. @throws BP_LOG_CURSOR */
  query(query: LogFilter & { readonly limit?: number; readonly cursor?: string }): Promise<{
    readonly lines: readonly KeptLogRecord[];
    readonly cursor: string | undefined;
  }>;
  /** Lines from now on, some at a time, until what it gives is called; `skipped` is how many found no room since the last call. */
  tail(filter: LogFilter, listener: (lines: readonly LogRecord[], skipped: number) => void | Promise<void>): () => void;
}

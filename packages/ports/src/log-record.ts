/** A line of the log, before it is text. Frozen by custom: nobody changes it, and it may be kept. */
export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** Of a plugin: `plugins.NAME`, or below it. */
  readonly namespace: string;
  readonly message: string;
  /** As in the printed line: plain, bounded, and without secrets. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Of the call that the line belongs to. */
  readonly traceId: string | undefined;
}

/** Takes lines where they are logged, within whatever is going on: it neither waits nor throws. */
export type LogSink = (record: LogRecord) => void;

/** Structured log: a message and fields. Lines bear the plugin's name and the trace of the current call. */
export interface Logger {
  trace(message: string, fields?: Readonly<Record<string, unknown>>): void;
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** An `error` field that holds an Error is written with stack and cause. */
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

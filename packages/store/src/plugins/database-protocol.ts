/** What the host asks of the process that has plugins' files open, by number. */
export const ASK = { open: 0, run: 1, begin: 2, commit: 3, rollback: 4, close: 5 } as const;

/**
 * `beside` reads on a second connection, while a transaction is open. What `writes` is answered at once. What is `within` a transaction is refused
 * outside of one.
 */
export const MODE = { read: 0, beside: 1, write: 2, within: 3 } as const;
export type Mode = (typeof MODE)[keyof typeof MODE];

/** A file is known by the number that it was opened with. */
export type Ask =
  | readonly [id: number, ask: 0, file: number, path: string, key: string]
  | readonly [id: number, ask: 1, file: number, sql: string, params: readonly unknown[], mode: Mode, flags: number]
  | readonly [id: number, ask: 2 | 3 | 4 | 5, file: number];

/** What else there is to know of a statement: one row is enough; it changes the schema. */
export const FLAG = { one: 1, shapes: 2 } as const;

export type Answer =
  | readonly [id: number, ok: 1, columns: readonly string[], rows: readonly (readonly unknown[])[], changes: number]
  | readonly [id: number, ok: 0, failure: EngineFailure];

/** What went wrong, in the words of SQLite or in ours. */
export interface EngineFailure {
  readonly code: string;
  readonly message: string;
  /** Those of an error of ours. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Limits that the process itself keeps. It is told them first. */
export interface EngineLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
  /** Bytes that SQLite may take in all. */
  readonly maxMemory: number;
}

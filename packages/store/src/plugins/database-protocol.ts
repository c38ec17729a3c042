/** What the host asks of the process that has plugins' files open, by number. */
export const ASK = { open: 0, run: 1, begin: 2, commit: 3, rollback: 4, close: 5 } as const;

/**
 * A file is known by the number that it was opened with. The second connection only reads: it serves while a transaction is open. What `settles`
 * may have written something, and is answered at once.
 */
export type Ask =
  | readonly [id: number, ask: 0, file: number, path: string, key: string]
  | readonly [
      id: number,
      ask: 1,
      file: number,
      reader: boolean,
      sql: string,
      params: readonly unknown[],
      one: boolean,
      shapes: boolean,
      settles: boolean,
    ]
  | readonly [id: number, ask: 2 | 3 | 4 | 5, file: number];

/** Rows as lists: their names travel once. */
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

/** Limits of one statement that the process itself keeps. */
export interface EngineLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
  /** Bytes that SQLite may take in all. */
  readonly maxMemory: number;
}

/** What is said to the process first. `mark` is a file: the number of the statement that is being made stands in it. */
export interface EngineStart extends EngineLimits {
  readonly mark: string;
}

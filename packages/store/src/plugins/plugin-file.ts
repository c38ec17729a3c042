import Database from 'libsql';
import type { EngineLimits } from './database-protocol.ts';

type Statement = Database.Statement<unknown[]>;
interface Prepared {
  readonly statement: Statement;
  readonly reader: boolean;
  readonly columns: readonly string[];
}
export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly changes: number;
}

/** Preparing costs several times what a small statement does. */
const KEPT_STATEMENTS = 128;
const NO_COLUMNS: readonly string[] = [];

/** A limit of ours was hit. */
export class LimitError extends Error {
  readonly code = 'LIMIT';
}

/** One connection to a plugin's encrypted file, in the process that may be ended at any time. */
export class PluginFile {
  readonly #database: Database.Database;
  readonly #limits: EngineLimits;
  readonly #statements = new Map<string, Prepared>();
  readonly #controls = new Map<string, Statement>();

  constructor(path: string, key: string, limits: EngineLimits, readonly: boolean) {
    this.#limits = limits;
    this.#database = new Database(path, { encryptionCipher: 'aes256cbc', encryptionKey: key } as never);
    // What is acknowledged is on the disk; what is sorted does not spill to it, where it would be readable.
    const settings = [
      // The process of a host that was killed may be about to end.
      'busy_timeout = 2000',
      'journal_mode = wal',
      'synchronous = full',
      'foreign_keys = on',
      'temp_store = memory',
    ];
    settings.push('trusted_schema = off', `hard_heap_limit = ${limits.maxMemory}`);
    if (readonly) settings.push('query_only = on');
    for (const setting of settings) this.#database.pragma(setting);
    this.#database.prepare('select count(*) from sqlite_master').get();
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  control(sql: 'begin immediate' | 'commit' | 'rollback'): void {
    let statement = this.#controls.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#controls.set(sql, statement);
    }
    statement.run([]);
  }

  /** `commits`: it writes, and is a transaction by itself. */
  run(sql: string, params: readonly unknown[], one: boolean, shapes: boolean, commits = false): Rows {
    if (shapes) this.forget();
    // The commit is the last step, which get() does not take: nobody would see that it failed.
    const first = one && !commits;
    const { statement, reader, columns } = this.#prepare(sql, first);
    if (shapes) this.forget();
    if (!reader) return { columns, rows: [], changes: (statement.run(params) as { changes: number }).changes };
    if (first) {
      const row = this.#first(statement, params);
      let bytes = 0;
      for (const value of row ?? []) bytes += sizeOf(value);
      if (bytes > this.#limits.maxBytes) throw new LimitError(`${this.#limits.maxBytes} bytes`);
      return { columns, rows: row === undefined ? [] : [narrow(row)], changes: row === undefined ? 0 : 1 };
    }
    const rows = this.#gather(statement.iterate(params) as Iterable<unknown[]>);
    if (rows instanceof LimitError) {
      // It would go on reading, and keep the log from being brought into the file: this gives it up.
      statement.get(params);
      this.forget();
      throw rows;
    }
    return { columns, rows: one ? rows.slice(0, 1) : rows, changes: rows.length };
  }

  #first(statement: Statement, params: readonly unknown[]): unknown[] | undefined {
    try {
      return statement.get(params) as unknown[] | undefined;
    } catch (error) {
      // It has not been wound back.
      this.forget();
      throw error;
    }
  }

  #gather(found: Iterable<unknown[]>): unknown[][] | LimitError {
    const { maxRows, maxBytes } = this.#limits;
    const rows: unknown[][] = [];
    let bytes = 0;
    for (const row of found) {
      if (rows.length >= maxRows) return new LimitError(`${maxRows} rows`);
      for (const value of row) bytes += sizeOf(value);
      if (bytes > maxBytes) return new LimitError(`${maxBytes} bytes`);
      rows.push(narrow(row));
    }
    return rows;
  }

  /** Statements that were prepared for another schema give other columns than they say. */
  forget(): void {
    this.#statements.clear();
  }

  /** Leaves one file, where there is room for it: what is in the log beside it is found again otherwise. */
  checkpoint(): void {
    try {
      this.#database.pragma('wal_checkpoint(truncate)');
    } catch {
      // Whoever opens it next is told.
    }
  }

  close(): void {
    this.forget();
    this.#controls.clear();
    this.#database.close();
  }

  #prepare(sql: string, one: boolean): Prepared {
    // The driver's get() takes the parameters of an all() before it: each has statements of its own.
    const key = one ? `1${sql}` : sql;
    const kept = this.#statements.get(key);
    if (kept !== undefined) return kept;
    const statement = this.#database.prepare(sql);
    const { reader } = statement;
    if (reader) statement.raw(true).safeIntegers(true);
    const prepared = { statement, reader, columns: reader ? statement.columns().map(({ name }) => name) : NO_COLUMNS };
    const [oldest] = this.#statements.keys();
    if (this.#statements.size >= KEPT_STATEMENTS && oldest !== undefined) this.#statements.delete(oldest);
    this.#statements.set(key, prepared);
    return prepared;
  }
}

/** Whole numbers come as bigints, and leave so only where a number could not hold them. */
function narrow(row: unknown[]): unknown[] {
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (typeof value !== 'bigint') continue;
    const number = Number(value);
    if (Number.isSafeInteger(number)) row[i] = number;
  }
  return row;
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length * 2;
  return value instanceof Uint8Array ? value.byteLength : 8;
}

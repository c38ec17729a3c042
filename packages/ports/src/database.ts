import type { DatabaseDialect, DatabaseMigration, DatabaseService } from '@backplane/plugin-api';

/** What a statement may be given: everything else has been made one of these before. */
export type SqlValue = string | number | bigint | boolean | Uint8Array | null;

export interface SqlResult {
  /** What the statement gave. Numbers are numbers where they fit into one, else bigints; binary data are bytes. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** How many rows it wrote. */
  readonly changes: number;
}

export interface SqlRunner {
  /**
   * Makes one statement, whose parameters are `$1`, `$2`, …; with `one`, the first row is enough. Ended at the time limit, and refused where
   * it would reach beyond the plugin's own tables.
   */
  run(text: string, params: readonly SqlValue[], one?: boolean): Promise<SqlResult>;
}

/** All or nothing. One that is neither committed nor rolled back within its time is rolled back. */
export interface SqlTransaction extends SqlRunner {
  commit(): Promise<void>;
  /** Doing it again, or after `commit`, does nothing. */
  rollback(): Promise<void>;
}

/** The database of one plugin. Nothing is opened before it is used. */
export interface SqlDatabase extends SqlRunner {
  readonly dialect: DatabaseDialect;
  begin(): Promise<SqlTransaction>;
  /**
   * Makes the migrations that have not been made, in order, each whole or not at all. `breaking` ones are made only where `alone` says that no
   * older version runs.
   */
  migrate(migrations: readonly DatabaseMigration[], alone: boolean): Promise<void>;
}

/** Where plugins have their databases: ours, or the operator's own. */
export interface DatabaseProvider {
  readonly dialect: DatabaseDialect;
  /** The same object for the same canonical name. */
  database(plugin: string): SqlDatabase;
  close(): Promise<void>;
}

/** The database of an instance: what the author sees, and what another process is answered from. */
export interface DatabaseFacet extends DatabaseService {
  readonly sql: SqlDatabase;
}

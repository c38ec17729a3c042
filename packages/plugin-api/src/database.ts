import type { Compilable, Insertable, Kysely, SelectType } from 'kysely';

export type DatabaseDialect = 'libsql' | 'postgres';

/**
 * One step of the plugin's schema, in SQL. Never changed once it has been released: what is wrong with it is mended by the next one.
 * The old version of the plugin goes on working while it is made and after it, so it adds and does not take away, unless it is `breaking`.
 */
export interface DatabaseMigration {
  /** Unique, and the same for ever. */
  readonly name: string;
  /** Statements, separated by semicolons; where the databases differ, one text for each. */
  readonly up: string | Readonly<Record<DatabaseDialect, string>>;
  /**
   * True where older versions cannot work on what it leaves: such a plugin says `replace: 'stop-first'`, and versions that do not know the
   * migration are refused from then on. Default `false`.
   */
  readonly breaking?: boolean;
}

/** What can be stored. Times are stored as ISO 8601, objects and arrays as JSON text, flags as 1 and 0. */
export type DatabaseValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | Uint8Array
  | readonly unknown[]
  | { readonly [key: string]: unknown };

/** One by one, or all in one list. */
export type DatabaseParams = readonly DatabaseValue[] | readonly [readonly DatabaseValue[]];

/** A row of a table that has no type. */
export type DatabaseRow = Record<string, unknown>;

/** Tables that have no types: every name, any columns. */
// biome-ignore lint/suspicious/noExplicitAny: the columns of a table without a type are whatever they are
export type UntypedTables = Record<string, any>;

/** The type of a table's `id`; `undefined` where it has none. */
type IdOf<Table> = Table extends { readonly id: infer Id } ? SelectType<Id> : undefined;

export interface DatabaseResult {
  /** How many rows were written. */
  readonly changes: number;
}

/**
 * Statements, on libSQL and PostgreSQL alike: parameters are `$1`, `$2`, …; whole numbers beyond 2^53 arrive as bigints, binary data as bytes.
 * Every statement sees the plugin's own tables, and no others.
 * @throws BP_DATABASE_SQL_REFUSED, BP_DATABASE_CONSTRAINT, BP_DATABASE_TIMEOUT, BP_DATABASE_TOO_LARGE, BP_DATABASE_FAILED
 */
export interface DatabaseQueries<Tables = UntypedTables> {
  /** Gives all rows. */
  query<Row = DatabaseRow>(text: string, ...params: DatabaseParams): Promise<Row[]>;
  /** Gives the first row, `undefined` where there is none. */
  queryOne<Row = DatabaseRow>(text: string, ...params: DatabaseParams): Promise<Row | undefined>;
  /** The same as `queryOne`. */
  query_one<Row = DatabaseRow>(text: string, ...params: DatabaseParams): Promise<Row | undefined>;
  /** Makes a statement whose rows nobody wants. */
  execute(text: string, ...params: DatabaseParams): Promise<DatabaseResult>;
  /** Adds one row, and gives its `id`: what was inserted or what the database chose; `undefined` where the table has no such column. */
  insert<T extends keyof Tables & string>(table: T, row: Insertable<Tables[T]>): Promise<IdOf<Tables[T]>>;
  /**
   * Kysely over these tables: everything that it builds runs here. A query that is made often is dearer to build than to run: see `prepare`.
   */
  readonly builder: Kysely<Tables>;
}

/** A query that was built once. */
export interface PreparedQuery<Params, Row> {
  (params: Params): Promise<Row[]>;
  one(params: Params): Promise<Row | undefined>;
  /** In a transaction. */
  in(transaction: DatabaseQueries<never>): PreparedQuery<Params, Row>;
}

/** The plugin's own database. It is opened when it is first used. */
export interface DatabaseService<Tables = UntypedTables> extends DatabaseQueries<Tables> {
  readonly dialect: DatabaseDialect;
  /** The same database, with the types of the author's schema, as Kysely writes them. */
  typed<T>(): DatabaseService<T>;
  /**
   * Runs `work` in a transaction: all of it takes effect when it resolves, nothing when it throws. What is to be in it goes through what
   * `work` is given. It waits for other transactions of the plugin on libSQL, and is rolled back at its time limit.
   * @throws what `work` throws; BP_DATABASE_TRANSACTION_ENDED
   */
  transaction<R>(work: (transaction: DatabaseQueries<Tables>) => R | Promise<R>): Promise<R>;
  /**
   * Builds a query once, for every use. The parameters that `build` is given stand for those of each use and may be passed to the builder as
   * values, nothing else.
   * @throws BP_DATABASE_PREPARE where `build` did something else with them
   */
  prepare<Params extends Readonly<Record<string, unknown>>, Row>(
    build: (builder: Kysely<Tables>, params: Params) => Compilable<Row>,
  ): PreparedQuery<Params, Row>;
}

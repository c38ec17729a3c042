import { createRequire } from 'node:module';
import type {
  DatabaseParams,
  DatabaseQueries,
  DatabaseResult,
  DatabaseRow,
  PreparedQuery,
  UntypedTables,
} from '@backplane/plugin-api';
import type { DatabaseFacet, SqlDatabase, SqlRunner } from '@backplane/ports';
import type { Compilable, Kysely } from 'kysely';
import { errors } from '../errors.ts';
import { pluginDialect } from './kysely-dialect.ts';
import { paramsOf, toSqlValue } from './to-sql-value.ts';

type Builder = Kysely<UntypedTables>;

/** Kysely takes longer to load than many a process to start, and most plugins never build a query. */
const require = createRequire(import.meta.url);
let kysely: typeof import('kysely') | undefined;
function builderOver(database: SqlDatabase, own: SqlRunner | undefined): Builder {
  kysely ??= require('kysely') as typeof import('kysely');
  return new kysely.Kysely({ dialect: pluginDialect(kysely, database, own) });
}

/** What all statements of one database share. */
interface Shared {
  readonly database: SqlDatabase;
  /** Whether a table has a column `id`. */
  readonly ids: Map<string, Promise<boolean>>;
  readonly inserts: Map<string, string>;
}

class Queries implements DatabaseQueries {
  readonly runner: SqlRunner;
  readonly #shared: Shared;
  readonly #own: SqlRunner | undefined;
  #builder: Builder | undefined;

  constructor(shared: Shared, own: SqlRunner | undefined) {
    this.#shared = shared;
    this.#own = own;
    this.runner = own ?? shared.database;
  }

  async query<Row = DatabaseRow>(text: string, ...params: DatabaseParams): Promise<Row[]> {
    const { rows } = await this.runner.run(text, paramsOf(params));
    return rows as unknown as Row[];
  }

  async queryOne<Row = DatabaseRow>(text: string, ...params: DatabaseParams): Promise<Row | undefined> {
    const { rows } = await this.runner.run(text, paramsOf(params), true);
    return rows[0] as Row | undefined;
  }

  query_one<Row = DatabaseRow>(text: string, ...params: DatabaseParams): Promise<Row | undefined> {
    return this.queryOne<Row>(text, ...params);
  }

  async execute(text: string, ...params: DatabaseParams): Promise<DatabaseResult> {
    const { changes } = await this.runner.run(text, paramsOf(params));
    return { changes };
  }

  // biome-ignore lint/suspicious/noExplicitAny: the type of an id is that of its table
  async insert(table: string, row: Readonly<Record<string, unknown>>): Promise<any> {
    const columns = Object.keys(row).filter((column) => row[column] !== undefined);
    const params = columns.map((column) => toSqlValue(row[column], `"${column}" of a row of "${table}"`));
    const withId = await this.#hasId(table);
    const { rows } = await this.runner.run(this.#insertText(table, columns, withId), params, withId);
    return rows[0]?.id;
  }

  get builder(): Builder {
    this.#builder ??= builderOver(this.#shared.database, this.#own);
    return this.#builder;
  }

  #insertText(table: string, columns: readonly string[], withId: boolean): string {
    const key = `${withId} ${table} ${columns.join(' ')}`;
    let text = this.#shared.inserts.get(key);
    if (text === undefined) {
      const values =
        columns.length === 0
          ? 'default values'
          : `(${columns.map(quote).join(', ')}) values (${columns.map((_, index) => `$${index + 1}`).join(', ')})`;
      text = `insert into ${quote(table)} ${values}${withId ? ' returning "id"' : ''}`;
      this.#shared.inserts.set(key, text);
    }
    return text;
  }

  /** Asked of the database once, beside any transaction, unless the table is not there yet. */
  #hasId(table: string): Promise<boolean> {
    const { ids } = this.#shared;
    const known = ids.get(table);
    if (known !== undefined) return known;
    const asked = this.#askForId(table);
    ids.set(table, asked);
    const forget = () => ids.delete(table);
    // A column may be added yet.
    asked.then((has) => has || forget(), forget);
    return asked;
  }

  async #askForId(table: string): Promise<boolean> {
    const text =
      this.#shared.database.dialect === 'libsql'
        ? 'select name from pragma_table_info($1) where name = $2'
        : 'select column_name from information_schema.columns where table_schema = current_schema() and table_name = $1 and column_name = $2';
    return (await this.runner.run(text, [table, 'id'], true)).rows.length > 0;
  }
}

class Service extends Queries implements DatabaseFacet {
  readonly sql: SqlDatabase;
  readonly #shared: Shared;

  constructor(shared: Shared) {
    super(shared, undefined);
    this.#shared = shared;
    this.sql = shared.database;
  }

  get dialect() {
    return this.sql.dialect;
  }

  typed(): never {
    return this as never;
  }

  async transaction<R>(work: (transaction: DatabaseQueries) => R | Promise<R>): Promise<R> {
    const own = await this.sql.begin();
    try {
      const result = await work(new Queries(this.#shared, own));
      await own.commit();
      return result;
    } catch (error) {
      // Why it failed counts for more than what its undoing says.
      await own.rollback().catch(() => {});
      throw error;
    }
  }

  prepare<P extends Readonly<Record<string, unknown>>, Row>(
    build: (builder: Builder, params: P) => Compilable<Row>,
  ): PreparedQuery<P, Row> {
    return preparedQuery(
      prepareOnce(() => this.builder, build),
      this,
    );
  }
}

/** The author's view of a database. */
export function createDatabaseService(database: SqlDatabase): DatabaseFacet {
  return new Service({ database, ids: new Map(), inserts: new Map() });
}

/** Stands for a parameter while a query is built. */
class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Whoever looks into a parameter would build another query for another value. */
  [Symbol.toPrimitive](): never {
    throw errors.BP_DATABASE_PREPARE({ problem: `it looks at "${this.name}"` });
  }
}

interface Prepared {
  readonly text: string;
  /** A name of a parameter, or a value that is always the same. */
  readonly values: readonly (Placeholder | unknown)[];
}

function prepareOnce<P, Row>(
  builder: () => Builder,
  build: (builder: Builder, params: P) => Compilable<Row>,
): () => Prepared {
  let prepared: Prepared | undefined;
  return () => {
    if (prepared !== undefined) return prepared;
    const params = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) });
    const { sql, parameters } = build(builder(), params as P).compile();
    prepared = { text: sql, values: parameters };
    return prepared;
  };
}

function preparedQuery<P extends Readonly<Record<string, unknown>>, Row>(
  prepared: () => Prepared,
  on: Queries,
): PreparedQuery<P, Row> {
  const run = async (params: P, one: boolean): Promise<Row[]> => {
    const { text, values } = prepared();
    const given = values.map((value, index) =>
      value instanceof Placeholder ? toSqlValue(params[value.name], `"${value.name}"`) : toSqlValue(value, index),
    );
    return (await on.runner.run(text, given, one)).rows as unknown as Row[];
  };
  return Object.assign((params: P) => run(params, false), {
    one: async (params: P) => (await run(params, true))[0],
    in: (transaction: DatabaseQueries<never>) => preparedQuery<P, Row>(prepared, transaction as unknown as Queries),
  });
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

import type { SqlDatabase, SqlRunner, SqlTransaction } from '@backplane/ports';
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely';
import { toSqlValue } from './to-sql-value.ts';

/** A connection is opened by the database when a statement is made; a transaction of Kysely's is one of the database's. */
class Connection implements DatabaseConnection {
  runner: SqlRunner;
  transaction: SqlTransaction | undefined;

  constructor(runner: SqlRunner) {
    this.runner = runner;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes } = await (this.transaction ?? this.runner).run(sql, parameters.map(toSqlValue));
    return { rows: rows as unknown as R[], numAffectedRows: BigInt(changes) };
  }

  // biome-ignore lint/correctness/useYield: there is nothing to give before it is refused
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new TypeError('The database of a plugin does not stream: ask for a part at a time, with limit().');
  }
}

/** Kysely over the database of a plugin, or over one transaction of it, in which there are no others. Kysely itself is given: it is loaded late. */
export function pluginDialect(kysely: typeof import('kysely'), database: SqlDatabase, own?: SqlRunner): Dialect {
  const driver: Driver = {
    init: async () => {},
    destroy: async () => {},
    acquireConnection: async () => new Connection(own ?? database),
    releaseConnection: async () => {},
    async beginTransaction(connection) {
      if (own !== undefined) throw new TypeError('This is a transaction already.');
      (connection as Connection).transaction = await database.begin();
    },
    async commitTransaction(connection) {
      await (connection as Connection).transaction?.commit();
    },
    async rollbackTransaction(connection) {
      await (connection as Connection).transaction?.rollback();
    },
  };
  if (database.dialect === 'postgres')
    return {
      createDriver: () => driver,
      createAdapter: () => new kysely.PostgresAdapter(),
      createQueryCompiler: () => new kysely.PostgresQueryCompiler(),
      createIntrospector: (db) => new kysely.PostgresIntrospector(db),
    };
  return {
    createDriver: () => driver,
    createAdapter: () => new kysely.SqliteAdapter(),
    createQueryCompiler: () => new kysely.SqliteQueryCompiler(),
    createIntrospector: (db) => new kysely.SqliteIntrospector(db),
  };
}

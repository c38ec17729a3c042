// Apart from the package's index: who keeps everything embedded does not load the client of PostgreSQL.
export { openPostgresStore, type PostgresStoreOptions } from './open-postgres-store.ts';
export {
  openPostgresPluginDatabases,
  type PostgresPluginDatabasesOptions,
} from './plugins/open-postgres-plugin-databases.ts';

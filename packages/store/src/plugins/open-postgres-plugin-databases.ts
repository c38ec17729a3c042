import { type Clock, systemClock } from '@backplane/base';
import type { DatabaseProvider } from '@backplane/ports';
import type { PluginDatabaseLimits } from './open-embedded-plugin-databases.ts';
import { PostgresPluginDatabase } from './postgres-plugin-database.ts';
import { createPluginPool } from './postgres-pool.ts';
import { SqlGuard } from './vet-sql.ts';

export interface PostgresPluginDatabasesOptions extends Omit<PluginDatabaseLimits, 'maxMemory'> {
  /** `postgres://user:password@host:port/database`. Its user may make roles and schemas. */
  readonly url: string;
  /** Connections at most, for all plugins together. Default 10. */
  readonly connections?: number;
  /** Told of connections that broke while nobody used them. */
  readonly onBroken?: (error: Error) => void;
  readonly clock?: Clock;
}

/**
 * A schema and a role for each plugin. Connections are shared and act in the role of the plugin that has them; statements that could leave it are
 * refused before they are made. That keeps plugins out of each other's way; it is no boundary against code that runs in the host itself.
 */
export function openPostgresPluginDatabases(options: PostgresPluginDatabasesOptions): DatabaseProvider {
  const { url, connections = 10, onBroken = () => {}, clock = systemClock } = options;
  const { statementMs = 5000, transactionMs = 10_000, migrationMs = 120_000 } = options;
  const { maxRows = 10_000, maxBytes = 32 * 2 ** 20 } = options;
  const guard = new SqlGuard('postgres');
  const server = URL.canParse(url) ? new URL(url).host : 'the configured address';
  // Whatever one plugin does with its connections, others get one.
  const most = Math.max(2, Math.floor(connections / 2));
  const limits = { server, most, guard, clock, statementMs, transactionMs, migrationMs, maxRows, maxBytes };
  // Not one connection is made before the first use.
  const pool = createPluginPool({ url, connections, statementMs, onBroken });
  const databases = new Map<string, PostgresPluginDatabase>();
  let closed: Promise<void> | undefined;
  return {
    dialect: 'postgres',
    database(plugin) {
      let database = databases.get(plugin);
      if (database === undefined) {
        database = new PostgresPluginDatabase({ plugin, pool, ...limits });
        databases.set(plugin, database);
      }
      return database;
    },
    close() {
      closed ??= pool.end();
      return closed;
    },
  };
}

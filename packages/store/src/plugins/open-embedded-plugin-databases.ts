import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '@backplane/base';
import type { DatabaseProvider } from '@backplane/ports';
import { DatabaseProcess } from './database-process.ts';
import { EmbeddedPluginDatabase } from './embedded-plugin-database.ts';
import { SqlGuard } from './vet-sql.ts';

/** What one statement, transaction and migration may take. */
export interface PluginDatabaseLimits {
  /** Milliseconds of one statement. Default 5,000. */
  readonly statementMs?: number;
  /** Milliseconds of a transaction; others of the same plugin wait twice as long. Default 10,000. */
  readonly transactionMs?: number;
  /** Milliseconds of one migration. Default 120,000. */
  readonly migrationMs?: number;
  /** Rows that one statement may give. Default 10,000. */
  readonly maxRows?: number;
  /** Bytes that one statement may give. Default 32 MiB. */
  readonly maxBytes?: number;
  /** Bytes of memory that the embedded databases may take together. Default 256 MiB. */
  readonly maxMemory?: number;
}

export interface EmbeddedPluginDatabasesOptions extends PluginDatabaseLimits {
  /** Holds `NAME.db` for each plugin. Made at the first use, for this user alone. The caller owns it alone. */
  readonly folder: string;
  /** The key of a plugin's file, the same each time: 32 bytes as 64 hexadecimal digits. */
  readonly keyOf: (plugin: string) => Promise<string>;
  readonly clock?: Clock;
}

/**
 * An encrypted file for each plugin, in one process for all of them, which is made at the first use. Whatever a statement does to that process,
 * the host and the statements of others go on.
 */
export function openEmbeddedPluginDatabases(options: EmbeddedPluginDatabasesOptions): DatabaseProvider {
  const { folder, keyOf, clock = systemClock } = options;
  const { statementMs = 5000, transactionMs = 10_000, migrationMs = 120_000 } = options;
  const { maxRows = 10_000, maxBytes = 32 * 2 ** 20, maxMemory = 256 * 2 ** 20 } = options;
  const guard = new SqlGuard('libsql');
  const processes = new Set<DatabaseProcess>();
  const start = (): DatabaseProcess => {
    const process = new DatabaseProcess({ clock, maxRows, maxBytes, maxMemory });
    processes.add(process);
    return process;
  };
  const [shared, slow] = [start(), start()];
  const databases = new Map<string, EmbeddedPluginDatabase>();
  return {
    dialect: 'libsql',
    database(plugin) {
      let database = databases.get(plugin);
      if (database === undefined) {
        database = new EmbeddedPluginDatabase({
          plugin,
          path: join(folder, `${plugin}.db`),
          key: async () => {
            await mkdir(folder, { recursive: true, mode: 0o700 });
            return keyOf(plugin);
          },
          shared,
          slow,
          apart: () => {
            const process = start();
            return { process, end: () => process.close().finally(() => processes.delete(process)) };
          },
          guard,
          clock,
          statementMs,
          transactionMs,
          migrationMs,
        });
        databases.set(plugin, database);
      }
      return database;
    },
    async close() {
      await Promise.all([...processes].map((process) => process.close()));
    },
  };
}

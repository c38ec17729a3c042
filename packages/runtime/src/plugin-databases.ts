import { join } from 'node:path';
import type { Clock } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import type { DatabaseProvider } from '@backplane/ports';
import { openEmbeddedPluginDatabases } from '@backplane/store';
import type { HostStore } from './host-store.ts';

export interface PluginDatabasesOptions {
  readonly kept: HostStore;
  readonly databaseUrl: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The databases of plugins, beside what the host keeps. Nothing is opened before a plugin uses its own. */
export async function openPluginDatabases(options: PluginDatabasesOptions): Promise<DatabaseProvider> {
  const { kept, databaseUrl, clock, logger } = options;
  const folder = join(kept.folder, 'plugins');
  if (databaseUrl === undefined)
    return openEmbeddedPluginDatabases({
      folder,
      keyOf: (plugin) => kept.keyOf(`plugin-${plugin}`, join(folder, `${plugin}.db`)),
      clock,
    });
  const { openPostgresPluginDatabases } = await import('@backplane/store/postgres');
  return openPostgresPluginDatabases({
    url: databaseUrl,
    clock,
    onBroken: (error) => logger.warn('A connection to the database broke; the next use makes a new one.', { error }),
  });
}

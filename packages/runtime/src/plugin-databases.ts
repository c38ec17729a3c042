import { join } from 'node:path';
import type { Clock } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import type { DatabaseProvider } from '@backplane/ports';
import { openEmbeddedPluginDatabases, openPostgresPluginDatabases } from '@backplane/store';
import type { HostStore } from './host-store.ts';

export interface PluginDatabasesOptions {
  readonly kept: HostStore;
  readonly databaseUrl: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The databases of plugins, beside what the host keeps. Nothing is opened before a plugin uses its own. */
export function openPluginDatabases({ kept, databaseUrl, clock, logger }: PluginDatabasesOptions): DatabaseProvider {
  if (databaseUrl === undefined)
    return openEmbeddedPluginDatabases({
      folder: join(kept.folder, 'plugins'),
      keyOf: (plugin) => kept.keyOf(`plugin-${plugin}`),
      clock,
    });
  return openPostgresPluginDatabases({
    url: databaseUrl,
    clock,
    onBroken: (error) => logger.warn('A connection to the database broke; the next use makes a new one.', { error }),
  });
}

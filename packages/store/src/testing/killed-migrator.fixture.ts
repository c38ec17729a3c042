import { openEmbeddedPluginDatabases } from '../plugins/open-embedded-plugin-databases.ts';
import { openPostgresPluginDatabases } from '../plugins/open-postgres-plugin-databases.ts';
import { slowMigrations } from './slow-migrations.ts';

// Makes migrations, and is killed by whoever started it.
const where = JSON.parse(process.argv[2] ?? '{}') as
  | { readonly folder: string; readonly key: string }
  | { readonly url: string };
const provider =
  'url' in where
    ? openPostgresPluginDatabases(where)
    : openEmbeddedPluginDatabases({ folder: where.folder, keyOf: async () => where.key });
await provider.database('shop').migrate(slowMigrations, false);
await provider.close();

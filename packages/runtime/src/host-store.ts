import { join } from 'node:path';
import type { Clock } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import { createSecretBox, ensureDataKey, ensureMasterKeys, masterKeysFrom, type SecretBox } from '@backplane/security';
import { openEmbeddedStore, openPostgresStore, type Store } from '@backplane/store';
import { errors } from './errors.ts';

export interface HostStoreOptions {
  readonly dataDir: string;
  /** In place of `DATA/master.key`. */
  readonly masterKey?: string | undefined;
  /** PostgreSQL, in place of the embedded database. */
  readonly databaseUrl?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a host keeps, and what it keeps it secret with. */
export interface HostStore extends AsyncDisposable {
  readonly store: Store;
  readonly box: SecretBox;
  /** Where the master keys stand; `undefined` when they were given. */
  readonly masterKeyFile: string | undefined;
  /** Holds the embedded database and those of plugins. */
  readonly folder: string;
  /** The key of an embedded database other than the host's own, made the first time. Its name is a file name. */
  keyOf(database: string): Promise<string>;
}

/**
 * Opens what a host keeps. The embedded database has a key of its own, which lies beside it, sealed with the master key.
 * @throws BP_MASTER_KEY_INVALID, BP_SECRET_SEALED, and whatever the store cannot be opened for
 */
export async function openHostStore(options: HostStoreOptions): Promise<HostStore> {
  const { dataDir, masterKey, databaseUrl, clock, logger } = options;
  const folder = join(dataDir, 'database');
  const masterKeyFile = masterKey === undefined ? join(dataDir, 'master.key') : undefined;
  const keys =
    masterKey === undefined
      ? await ensureMasterKeys(masterKeyFile as string)
      : masterKeysFrom('the option (BACKPLANE_MASTER_KEY)', masterKey);
  const box = createSecretBox(keys);
  const keyOf = (database: string) =>
    ensureDataKey(join(folder, 'keys', `${database}.key`), `the database ${database}`, box);
  const now = () => clock.now();
  const store =
    databaseUrl === undefined
      ? await openEmbeddedStore({ folder, key: await keyOf('store'), now })
      : await openPostgresStore({
          url: checkedUrl(databaseUrl),
          now,
          onBroken: (error) =>
            logger.warn('A connection to the database broke; the next use makes a new one.', { error }),
        });
  return { store, box, masterKeyFile, folder, keyOf, [Symbol.asyncDispose]: () => store.close() };
}

/** The address itself is not repeated: it may hold a password. */
function checkedUrl(url: string): string {
  if (URL.canParse(url) && /^postgres(?:ql)?:$/.test(new URL(url).protocol)) return url;
  throw errors.BP_DATABASE_URL_INVALID({});
}

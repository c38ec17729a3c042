import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import {
  addMasterKey,
  createSecretBox,
  dropOldMasterKeys,
  ensureDataKey,
  ensureMasterKeys,
  masterKeysFrom,
  type SecretBox,
} from '@backplane/security';
import { openEmbeddedStore, type Store } from '@backplane/store';
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
  /** Seals the keys of databases anew under a fresh master key, and gives the box that does; `forget` lets the old one go. @throws BP_MASTER_KEY_GIVEN */
  rotate(): Promise<{ readonly box: SecretBox; forget(): Promise<void> }>;
  /** The key of an embedded database other than the host's own, made the first time: while `file` is not there. Its name is a file name. */
  keyOf(database: string, file: string): Promise<string>;
}

/**
 * Opens what a host keeps. The embedded database has a key of its own, which lies beside it, sealed with the master key.
 * @throws BP_MASTER_KEY_INVALID, BP_SECRET_SEALED, and whatever the store cannot be opened for
 */
export async function openHostStore(options: HostStoreOptions): Promise<HostStore> {
  const { dataDir, masterKey, databaseUrl, clock, logger } = options;
  const folder = join(dataDir, 'database');
  const keysFolder = join(folder, 'keys');
  const masterKeyFile = masterKey === undefined ? join(dataDir, 'master.key') : undefined;
  const keys =
    masterKey === undefined
      ? await ensureMasterKeys(masterKeyFile as string, await sealedIn(keysFolder))
      : masterKeysFrom('the option (BACKPLANE_MASTER_KEY)', masterKey);
  let box = createSecretBox(keys);
  const keyOf = async (database: string, file?: string) => {
    const mayMake = file === undefined || !(await hasContent(file));
    return ensureDataKey(join(keysFolder, `${database}${KEY_FILE}`), `the database ${database}`, box, mayMake);
  };
  const sealAnew = async () => {
    for (const name of await readdir(keysFolder).catch(() => []))
      if (name.endsWith(KEY_FILE)) await keyOf(name.slice(0, -KEY_FILE.length));
  };
  // Also the keys of plugins that nobody uses now: the old master key may be gone the next time.
  if (keys.length > 1) await sealAnew();
  const now = () => clock.now();
  const store =
    databaseUrl === undefined
      ? await openEmbeddedStore({ folder, key: await keyOf('store', join(folder, 'store.db')), now })
      : await (await import('@backplane/store/postgres')).openPostgresStore({
          url: checkedUrl(databaseUrl),
          now,
          onBroken: (error) =>
            logger.warn('A connection to the database broke; the next use makes a new one.', { error }),
        });
  return {
    store,
    get box() {
      return box;
    },
    masterKeyFile,
    folder,
    keyOf,
    async rotate() {
      if (masterKeyFile === undefined) throw errors.BP_MASTER_KEY_GIVEN({});
      box = createSecretBox(await addMasterKey(masterKeyFile));
      await sealAnew();
      return { box, forget: () => dropOldMasterKeys(masterKeyFile) };
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}

const KEY_FILE = '.key';

/** Names what has been sealed with a master key, where something has. */
async function sealedIn(keysFolder: string): Promise<string | undefined> {
  const keys = (await readdir(keysFolder).catch(() => [])).filter((name) => name.endsWith(KEY_FILE));
  return keys.length === 0 ? undefined : `the keys in ${keysFolder}`;
}

const hasContent = async (file: string): Promise<boolean> => ((await stat(file).catch(() => undefined))?.size ?? 0) > 0;

/** The address itself is not repeated: it may hold a password. */
function checkedUrl(url: string): string {
  if (URL.canParse(url) && /^postgres(?:ql)?:$/.test(new URL(url).protocol)) return url;
  throw errors.BP_DATABASE_URL_INVALID({});
}

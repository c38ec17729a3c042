import { copyFile, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isBackplaneError, messageOf } from '@backplane/base';
import { Kysely, SqliteDialect } from 'kysely';
import { EmbeddedConnection } from './embedded-connection.ts';
import { errors } from './errors.ts';
import { markMade, refuseMissing } from './made-mark.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { lockOwner, type OwnerLock } from './owner-lock.ts';
import { createStore, type Store, type StoreOptions } from './store.ts';
import type { Tables } from './tables.ts';

export interface EmbeddedStoreOptions extends StoreOptions {
  /** Holds the database, its lock and its copies. Made where it is missing, for this user alone. */
  readonly folder: string;
  /** 32 bytes as 64 hexadecimal digits. */
  readonly key: string;
}

/** So many copies are kept, the youngest. */
const KEPT_COPIES = 5;

/**
 * Opens the embedded database of a folder, encrypted, and brings it to the newest schema; a copy is made first. One process at a time owns it.
 * @throws BP_STORE_IN_USE, BP_STORE_UNREADABLE, BP_STORE_DAMAGED, BP_STORE_MISSING, BP_STORE_FULL, BP_STORE_NEWER, BP_STORE_MIGRATION_FAILED, BP_STORE_UNUSABLE
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<Store> {
  const { folder, key, now = Date.now, migrations = MIGRATIONS, log } = options;
  const lock = await own(folder);
  const file = join(folder, 'store.db');
  let connection: EmbeddedConnection | undefined;
  let db: Kysely<Tables> | undefined;
  try {
    await refuseMissing(file);
    connection = new EmbeddedConnection(file, key);
    const dialect = new SqliteDialect({ database: connection });
    db = new Kysely<Tables>({ dialect, ...(log && { log }) });
    const backUp = (from: number) => copyAside(connection as EmbeddedConnection, folder, from, now());
    await migrate(db, { kind: 'libsql', migrations, now, backUp });
    await markMade(file);
    return createStore('libsql', db, () => lock.release());
  } catch (error) {
    if (db === undefined) connection?.close();
    else await db.destroy();
    lock.release();
    throw error;
  }
}

async function own(folder: string): Promise<OwnerLock> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return lockOwner(folder);
  } catch (cause) {
    if (isBackplaneError(cause)) throw cause;
    throw errors.BP_STORE_UNUSABLE({ folder, reason: messageOf(cause) }, { cause });
  }
}

/** A copy appears whole or not at all: it has its name only when all of it is on the disk. */
async function copyAside(connection: EmbeddedConnection, folder: string, from: number, at: number): Promise<void> {
  const copies = join(folder, 'backups');
  await mkdir(copies, { recursive: true, mode: 0o700 });
  connection.checkpoint();
  const stamp = new Date(at).toISOString().replaceAll(':', '-');
  const target = join(copies, `store-${stamp}-schema-${from}.db`);
  const unfinished = `${target}.part`;
  try {
    await copyFile(join(folder, 'store.db'), unfinished);
    await using written = await open(unfinished, 'r+');
    await written.chmod(0o600);
    await written.sync();
    await rename(unfinished, target);
  } catch (cause) {
    await rm(unfinished, { force: true });
    if ((cause as { code?: string }).code === 'ENOSPC') throw errors.BP_STORE_FULL({ file: target }, { cause });
    throw cause;
  }
  const names = (await readdir(copies)).filter((name) => name.endsWith('.db')).sort();
  for (const name of names.slice(0, -KEPT_COPIES)) await rm(join(copies, name));
}

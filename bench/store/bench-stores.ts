import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore, type Store } from '@backplane/store';
import Database from 'libsql';

/** Two encrypted databases with the same tables: a host's, and one that the driver alone writes to. */
export interface BenchStores extends AsyncDisposable {
  readonly folder: string;
  readonly store: Store;
  /** In the settings of the host's own. */
  readonly driver: Database.Database;
}

export async function openBenchStores(): Promise<BenchStores> {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
  const key = randomBytes(32).toString('hex');
  // The tables are made by opening it once as a host would.
  await (await openEmbeddedStore({ folder: join(folder, 'driver'), key })).close();
  const file = join(folder, 'driver', 'store.db');
  const driver = new Database(file, { encryptionCipher: 'aes256cbc', encryptionKey: key } as never);
  for (const pragma of ['journal_mode = wal', 'synchronous = full', 'foreign_keys = on']) driver.pragma(pragma);
  const store = await openEmbeddedStore({ folder: join(folder, 'ours'), key });
  return {
    folder,
    store,
    driver,
    async [Symbol.asyncDispose]() {
      driver.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { errors } from './errors.ts';

/** Held while a process owns the database of a folder. */
export interface OwnerLock {
  release(): void;
}

/**
 * Makes this process the only owner of the database in a folder, until it releases the lock or ends, however it ends: the operating system
 * keeps the lock, so a killed owner leaves none behind.
 * @throws BP_STORE_IN_USE naming the owner
 */
export function lockOwner(folder: string): OwnerLock {
  const note = join(folder, 'store.owner');
  const lock = new Database(join(folder, 'store.lock'));
  try {
    lock.exec('begin exclusive');
    writeFileSync(note, `process ${process.pid}, which started at ${new Date().toISOString()}\n`, { mode: 0o600 });
  } catch (cause) {
    lock.close();
    if ((cause as { code?: string }).code !== 'SQLITE_BUSY') throw cause;
    throw errors.BP_STORE_IN_USE({ folder, owner: ownerIn(note) }, { cause });
  }
  return {
    release() {
      if (lock.inTransaction) lock.exec('rollback');
      lock.close();
    },
  };
}

function ownerIn(note: string): string | undefined {
  try {
    return readFileSync(note, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

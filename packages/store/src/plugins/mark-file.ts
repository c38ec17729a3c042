import { accessSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A file that holds one number, which two processes have open and which has no name: nothing is left of it when they have ended.

/** Linux keeps files there in memory. */
const MEMORY = '/dev/shm';

/** Opens a new one, in memory where there is room for that: on a disk it would be written with every change of a database on the same one. */
export function openMark(): number {
  const folder = mkdtempSync(join(inMemory() ? MEMORY : tmpdir(), 'backplane-databases-'));
  try {
    return openSync(join(folder, 'mark'), 'w+', 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function readMark(mark: number): number {
  const number = new BigInt64Array(1);
  readSync(mark, number, 0, 8, 0);
  return Number(number[0]);
}

function inMemory(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function writeMark(mark: number, number: number): void {
  writeSync(mark, new BigInt64Array([BigInt(number)]), 0, 8, 0);
}

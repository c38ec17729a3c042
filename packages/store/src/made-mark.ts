import { stat, writeFile } from 'node:fs/promises';
import { errors } from './errors.ts';

const markOf = (file: string): string => `${file}.made`;

/**
 * Refuses to make a database anew that was there before: an empty one in its place would pass for all that was kept.
 * @throws BP_STORE_MISSING
 */
export async function refuseMissing(file: string): Promise<void> {
  if (((await sizeOf(file)) ?? 0) === 0 && (await sizeOf(markOf(file))) !== undefined)
    throw errors.BP_STORE_MISSING({ file });
}

/** Remembers, beside it, that this database is there. */
export async function markMade(file: string): Promise<void> {
  if ((await sizeOf(markOf(file))) !== undefined) return;
  await writeFile(markOf(file), 'The database beside this file has been made. Without it, the host does not start.\n', {
    mode: 0o600,
    flush: true,
  });
}

/** `undefined` where there is nothing. */
async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}

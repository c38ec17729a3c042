import { mkdir } from 'node:fs/promises';
import { errors } from './errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'it is a file',
  ENOTDIR: 'a file lies in its path',
  EACCES: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

/** Makes the folder for keys, token and caches, for this user alone, where it is not there. @throws BP_DATA_DIR_UNUSABLE */
export async function makeDataDir(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw errors.BP_DATA_DIR_UNUSABLE({ folder, reason: REASONS[code] ?? message }, { cause });
  }
}

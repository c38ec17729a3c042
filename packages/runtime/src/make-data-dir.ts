import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errors } from './errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'it is a file',
  ENOTDIR: 'a file lies in its path',
  EACCES: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOENT: 'nothing can be made there',
};

/** Makes the folder for keys, token and caches, for this user alone, where it is not there. @throws BP_DATA_DIR_UNUSABLE */
export async function makeDataDir(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw errors.BP_DATA_DIR_UNUSABLE({ folder, reason: REASONS[code] ?? message }, { cause });
  }
}

/** Folder by folder: Node's own recursion never ends where a file system says that a folder it shows is not there, as /proc does. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    const parent = dirname(folder);
    if (code !== 'ENOENT' || parent === folder) throw cause;
    await makeFolder(parent);
    await mkdir(folder, { mode: 0o700 });
  }
}

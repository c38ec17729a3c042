import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '@backplane/base';
import { errors } from './errors.ts';

const LARGEST = 64 * 1024;
const OTHERS = 0o077;

/** Windows has no modes to look at. */
const hasModes = process.platform !== 'win32';

const codeOf = (thrown: unknown): string | undefined => (thrown as NodeJS.ErrnoException | undefined)?.code;

/**
 * Reads a file that nobody but this user may read; `undefined` when there is none. What is checked is what is read.
 * @throws BP_PRIVATE_FILE_EXPOSED, BP_PRIVATE_FILE_UNUSABLE
 */
export async function readPrivateFile(path: string): Promise<{ text: string; modified: Date } | undefined> {
  let file: FileHandle;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw errors.BP_PRIVATE_FILE_UNUSABLE({ path, reason: messageOf(error) }, { cause: error });
  }
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw errors.BP_PRIVATE_FILE_UNUSABLE({ path, reason: 'it is not a plain file' });
    refuseExposed(path, facts.mode, '600');
    if (facts.size > LARGEST) {
      throw errors.BP_PRIVATE_FILE_UNUSABLE({ path, reason: `it has ${facts.size} bytes, over ${LARGEST}` });
    }
    return { text: await file.readFile('utf8'), modified: facts.mtime };
  } finally {
    await file.close();
  }
}

/**
 * Makes a file of mode 0600 with all of `text`, on disk before it is seen; false when there was one already, which stays as it is.
 * Of several processes that try at once, one is told true.
 * @throws BP_PRIVATE_FILE_UNUSABLE
 */
export async function createPrivateFile(path: string, text: string): Promise<boolean> {
  const draft = draftBeside(path);
  try {
    await writeThrough(draft, text);
    try {
      // A link, where a rename would silently take the place of a key that another process has just made.
      await link(draft, path);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    } finally {
      await unlink(draft);
    }
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    throw errors.BP_PRIVATE_FILE_UNUSABLE({ path, reason: messageOf(error) }, { cause: error });
  }
}

/** Puts another text into a file of mode 0600, whole or not at all. @throws BP_PRIVATE_FILE_UNUSABLE */
export async function replacePrivateFile(path: string, text: string): Promise<void> {
  const draft = draftBeside(path);
  try {
    await writeThrough(draft, text);
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw errors.BP_PRIVATE_FILE_UNUSABLE({ path, reason: messageOf(error) }, { cause: error });
  }
}

/**
 * Makes a folder of mode 0700, and those above it that are missing.
 * @throws BP_PRIVATE_FILE_EXPOSED when it is there and others may look into it; BP_PRIVATE_FILE_UNUSABLE
 */
export async function ensurePrivateFolder(path: string): Promise<void> {
  let mode: number;
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    mode = (await stat(path)).mode;
  } catch (error) {
    throw errors.BP_PRIVATE_FILE_UNUSABLE({ path, reason: messageOf(error) }, { cause: error });
  }
  refuseExposed(path, mode, '700');
}

const draftBeside = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.draft`);

function refuseExposed(path: string, mode: number, wanted: string): void {
  if (!hasModes || (mode & OTHERS) === 0) return;
  throw errors.BP_PRIVATE_FILE_EXPOSED({ path, mode: (mode & 0o777).toString(8).padStart(4, '0'), wanted });
}

async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await unlink(path);
    throw error;
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  if (!hasModes) return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

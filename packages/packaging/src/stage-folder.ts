import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { isBackplaneError, messageOf } from '@backplane/base';
import { errors } from './errors.ts';

/** A copy of a folder, under a name that its content gives it. */
export interface StagedFolder {
  /** Below the folder of copies. It holds one folder, which is called as the source is. */
  readonly folder: string;
  /** SHA-256 over the paths and contents of all files, in hexadecimal. */
  readonly digest: string;
  /** Takes the copy away, unless it was there before. */
  discard(): Promise<void>;
}

const MOST_FILES = 20_000;
const MOST_BYTES = 500 * 1024 * 1024;
/** What belongs to the author's own work and not to the plugin. */
const LEFT_OUT: ReadonlySet<string> = new Set(['.git', '.svn', '.hg', '.DS_Store']);

/**
 * Copies a folder, whole or not at all: the same content is copied once. Links, sockets and devices are refused, wherever they lead.
 * @throws BP_INSTALL_REFUSED, BP_INSTALL_FULL
 */
export async function stageFolder(source: string, into: string): Promise<StagedFolder> {
  const refuse = (reason: string, cause?: unknown) => errors.BP_INSTALL_REFUSED({ source, reason }, { cause });
  if (!isAbsolute(source) || source.includes('\0')) throw refuse('it is no absolute path');
  const folderOf = await stat(source).catch((cause) => {
    throw refuse('it is not there, or may not be looked at', cause);
  });
  if (!folderOf.isDirectory()) throw refuse('it is no folder');
  if (!relative(source, into).startsWith('..')) throw refuse('copies of it would lie in it');
  const unfinished = join(into, `.unfinished-${randomUUID()}`);
  try {
    const digest = await copyTree(source, join(unfinished, basename(source)), refuse);
    const folder = digest.slice(0, 24);
    const made = await settle(unfinished, join(into, folder));
    const discard = async () => {
      if (made) await rm(join(into, folder), { recursive: true, force: true });
    };
    return { folder, digest, discard };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (isBackplaneError(error)) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw errors.BP_INSTALL_FULL({ source }, { cause: error });
    throw refuse(messageOf(error), error);
  }
}

/** False where the same content was there already: then nothing is changed. */
async function settle(unfinished: string, target: string): Promise<boolean> {
  try {
    await rename(unfinished, target);
    return true;
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await rm(unfinished, { recursive: true, force: true });
    return false;
  }
}

async function copyTree(source: string, target: string, refuse: (reason: string) => Error): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  const files = await filesOf(source, refuse);
  for (const path of files) {
    const [from, to] = [join(source, path), join(target, path)];
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    // Whatever the source allows: it is run from here by this user, and changed by nobody.
    await chmod(to, 0o400);
    const content = await readFile(to);
    bytes += content.length;
    if (bytes > MOST_BYTES) throw refuse(`it has more than ${MOST_BYTES} bytes`);
    hash.update(`${path.length} ${path} ${content.length} `).update(content);
  }
  if (files.length === 0) throw refuse('it is empty');
  return hash.digest('hex');
}

async function filesOf(root: string, refuse: (reason: string) => Error): Promise<string[]> {
  const files: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (LEFT_OUT.has(entry.name)) continue;
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) files.push(path);
      else throw refuse(`${path} is neither a plain file nor a folder`);
      if (files.length > MOST_FILES) throw refuse(`it has more than ${MOST_FILES} files`);
    }
  };
  await walk('');
  return files.sort();
}

import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { BackplaneError } from '@backplane/base';
import { isBelow, type ListedFolder } from './entry-point.ts';
import { errors } from './errors.ts';

export type Listing =
  | { readonly folder: ListedFolder; readonly entries: readonly Dirent[]; readonly error?: undefined }
  | { readonly error: BackplaneError; readonly folder?: undefined; readonly entries?: undefined };

/** Lists a folder with one system call, sorted by name in code units, the same on every machine. `path` must be free of symbolic links. */
export function listFolder(path: string, shown: string): Listing {
  let entries: Dirent[];
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (thrown) {
    return { error: unreadable(shown, thrown) };
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = new Set<string>();
  const others = new Set<string>();
  for (const entry of entries) (entry.isFile() ? files : others).add(entry.name);
  return { folder: { path, shown, files, others }, entries };
}

/** The error for a folder that cannot be listed. */
export function unreadable(folder: string, thrown: unknown): BackplaneError {
  return errors.BP_DISCOVERY_FOLDER_UNREADABLE(
    { folder, reason: reasons[codeOf(thrown)] ?? codeOf(thrown) },
    { cause: thrown },
  );
}

const codeOf = (thrown: unknown) => String((thrown as { code?: unknown }).code);
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is no folder',
  EACCES: 'the host may not read it',
  EPERM: 'the host may not read it',
  ELOOP: 'its symbolic links form a ring',
};

export type LinkOutcome =
  | { readonly kind: 'file' | 'folder'; readonly path: string }
  | { readonly kind: 'outside' }
  | { readonly kind: 'broken' };

/** What a symbolic link leads to, if that lies below `root`. */
export function followLink(root: string, name: string): LinkOutcome {
  try {
    const path = realpathSync.native(join(root, name));
    if (!isBelow(relative(root, path))) return { kind: 'outside' };
    const stat = statSync(path);
    return stat.isDirectory() ? { kind: 'folder', path } : stat.isFile() ? { kind: 'file', path } : { kind: 'broken' };
  } catch {
    return { kind: 'broken' };
  }
}

import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** The folder without symbolic links in its path, as far as that exists: what is not there yet may still come. */
export function realFolder(folder: string): string {
  const path = resolve(folder);
  if (existsSync(path)) return realpathSync.native(path);
  return dirname(path) === path ? path : join(realFolder(dirname(path)), basename(path));
}

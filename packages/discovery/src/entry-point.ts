import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { BackplaneError } from '@backplane/base';
import { errors } from './errors.ts';

/** Looked for in this order where no entry point is named. */
export const DEFAULT_ENTRIES = [
  'plugin.ts',
  'plugin.mts',
  'plugin.js',
  'plugin.mjs',
  'index.ts',
  'index.js',
  'src/plugin.ts',
  'dist/plugin.js',
] as const;

const CODE_FILE = /\.[mc]?[jt]s$/;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** A folder as it was listed, so that what lies in it directly needs no further system call. */
export interface ListedFolder {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** For people. */
  readonly shown: string;
  /** Names of plain files. */
  readonly files: ReadonlySet<string>;
  /** Names of everything else: folders, links. */
  readonly others: ReadonlySet<string>;
}

export interface Entry {
  readonly file: string;
  readonly exportName?: string;
}

export type EntryOutcome =
  | { readonly entry: Entry; readonly error?: undefined }
  | { readonly error: BackplaneError; readonly entry?: undefined };

/**
 * Finds the code file that an entry point names (`./plugin.ts#PaymentPlugin`, `./plugin.ts`, `PaymentPlugin`), or the default one.
 * Whatever lies outside of the folder is refused, also behind symbolic links.
 */
export function resolveEntry(folder: ListedFolder, written: string | undefined): EntryOutcome {
  const { file, exportName } = parseEntryPoint(written);
  if (exportName !== undefined && !IDENTIFIER.test(exportName))
    return invalid(written, `names "${exportName}", which cannot be an export`);
  if (file !== undefined && !CODE_FILE.test(file)) return invalid(written, 'names no file of JavaScript or TypeScript');
  if (file?.includes('\0')) return invalid(written, 'contains a null character');
  for (const candidate of file === undefined ? DEFAULT_ENTRIES : [file]) {
    const found = locate(folder, candidate, file !== undefined);
    if (found === undefined) continue;
    if (typeof found !== 'string') return { error: found };
    return { entry: { file: found, ...(exportName !== undefined && { exportName }) } };
  }
  const tried = file === undefined ? DEFAULT_ENTRIES : [file];
  return { error: errors.BP_DISCOVERY_ENTRY_MISSING({ folder: folder.shown, tried }) };
}

function parseEntryPoint(written: string | undefined): { file?: string; exportName?: string } {
  if (written === undefined) return {};
  const hash = written.lastIndexOf('#');
  if (hash === -1) return IDENTIFIER.test(written) ? { exportName: written } : { file: written };
  return { exportName: written.slice(hash + 1), ...(hash > 0 && { file: written.slice(0, hash) }) };
}

/** The file without links, `undefined` when it is not there, or why it is refused. */
function locate(folder: ListedFolder, name: string, named: boolean): string | BackplaneError | undefined {
  const path = resolve(folder.path, name);
  const below = relative(folder.path, path);
  if (!isBelow(below)) return errors.BP_DISCOVERY_OUTSIDE({ what: `The entry point ${name}`, folder: folder.shown });
  if (folder.files.has(below)) return path;
  const [first = ''] = below.split(sep, 1);
  if (!folder.others.has(first)) return undefined;
  try {
    const real = realpathSync.native(path);
    if (!isBelow(relative(folder.path, real)))
      return errors.BP_DISCOVERY_OUTSIDE({ what: join(folder.shown, below), folder: folder.shown });
    if (statSync(real).isFile()) return real;
    return named ? errors.BP_DISCOVERY_ENTRY_INVALID({ entry: name, reason: 'names no plain file' }) : undefined;
  } catch {
    return undefined;
  }
}

/** True for the relative path of something inside. */
export const isBelow = (path: string): boolean =>
  path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);

const invalid = (entry: string | undefined, reason: string) => ({
  error: errors.BP_DISCOVERY_ENTRY_INVALID({ entry: entry ?? '', reason }),
});

import { realpathSync } from 'node:fs';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { sourceProblem } from '@backplane/wire';
import { isBelow, type ListedFolder, resolveEntry } from './entry-point.ts';
import { errors } from './errors.ts';
import { listFolder } from './list-folder.ts';
import type { Discovery } from './plugin-candidate.ts';

/** A module that somebody has named, below one of the plugin folders. */
export interface NamedModule {
  /** The plugin's canonical name. */
  readonly name: string;
  /** `payments.card` or `payments/card`, with the name of the plugin folder before it or without; the ending of a file may be left out. */
  readonly modulePath: string;
  /** The export. */
  readonly entryPoint: string;
}

const DOTTED = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const ENDINGS = ['', '.ts', '.mts', '.js', '.mjs'] as const;
const CODE_FILE = /\.[mc]?[jt]s$/;

/** Finds the file of a module. What lies in no plugin folder is refused, also behind symbolic links. Nothing is run. */
export function discoverModule(roots: readonly string[], module: NamedModule): Discovery {
  const { name, modulePath, entryPoint } = module;
  const parts =
    CODE_FILE.test(modulePath) || !DOTTED.test(modulePath) ? modulePath.split(/[\\/]/) : modulePath.split('.');
  const tried: string[] = [];
  for (const path of roots) {
    const root = listedRoot(path);
    if (root === undefined) continue;
    for (const below of [parts, ...(parts[0] === basename(root.path) ? [parts.slice(1)] : [])]) {
      const at = resolve(root.path, ...below);
      if (modulePath.includes('\0') || isAbsolute(modulePath) || !isBelow(relative(root.path, at)))
        return refused(module, errors.BP_DISCOVERY_OUTSIDE({ what: `The module ${modulePath}`, folder: path }));
      const found = entryAt(root, relative(root.path, at), at, entryPoint);
      if (found.error?.code === 'BP_DISCOVERY_ENTRY_MISSING') {
        tried.push(at);
        continue;
      }
      if (found.error !== undefined) return refused(module, found.error);
      const { file, exportName } = found.entry;
      return {
        candidates: [
          {
            name,
            nameFrom: 'package',
            origin: modulePath,
            root: root.path,
            entry: file,
            ...(exportName !== undefined && { exportName }),
          },
        ],
        problems: [],
      };
    }
  }
  return refused(module, errors.BP_DISCOVERY_ENTRY_MISSING({ folder: roots.join(', ') || 'any plugin folder', tried }));
}

function listedRoot(path: string): ListedFolder | undefined {
  try {
    return listFolder(realpathSync.native(resolve(path)), path).folder;
  } catch {
    // A plugin folder that is not there is told of where plugins are looked for.
    return undefined;
  }
}

function entryAt(root: ListedFolder, below: string, at: string, exportName: string) {
  for (const ending of ENDINGS) {
    if (!CODE_FILE.test(below + ending)) continue;
    const found = resolveEntry(root, `./${below}${ending}#${exportName}`);
    if (found.error?.code !== 'BP_DISCOVERY_ENTRY_MISSING') return found;
  }
  const { folder } = listFolder(at, at);
  if (folder === undefined) return resolveEntry(root, `./${join(below, 'plugin.ts')}#${exportName}`);
  // A link may lead anywhere.
  const real = realpathSync.native(at);
  if (!isBelow(relative(root.path, real)))
    return { error: errors.BP_DISCOVERY_OUTSIDE({ what: at, folder: root.shown }), entry: undefined };
  return resolveEntry({ ...folder, path: real }, exportName);
}

const refused = ({ name, modulePath }: NamedModule, error: Parameters<typeof sourceProblem>[0]): Discovery => ({
  candidates: [],
  problems: [{ ...sourceProblem(error), plugin: name, origin: modulePath }],
});

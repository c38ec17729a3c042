import { type Dirent, realpathSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { nameFromPath, nameProblem, sourceProblem } from '@backplane/wire';
import type { ListedFolder } from './entry-point.ts';
import { errors } from './errors.ts';
import { followLink, listFolder, unreadable } from './list-folder.ts';
import type { Discovery, DiscoveryProblem, PluginCandidate, PluginDiscoverer } from './plugin-candidate.ts';
import { readPluginFolder } from './read-plugin-folder.ts';
import { settleClaims } from './rival-claims.ts';
import { TimeSlice } from './time-slice.ts';

export interface DirectoryDiscovererOptions {
  /** Folders whose files and subfolders are plugins. One that has a `plugin.yaml` is itself the plugin. Read in this order. */
  readonly paths: readonly string[];
}

/**
 * Finds plugins in folders without running any code. The same files give the same candidates in the same order. Entries that begin with
 * `.` or `_`, `node_modules`, tests and type declarations are passed over.
 */
export function createDirectoryDiscoverer({ paths }: DirectoryDiscovererOptions): PluginDiscoverer {
  return {
    async discover() {
      const slice = new TimeSlice();
      const candidates: PluginCandidate[] = [];
      const problems: DiscoveryProblem[] = [];
      const seen = new Set<string>();
      for (const path of paths) {
        const found = await discoverPath(path, seen, slice);
        candidates.push(...found.candidates);
        problems.push(...found.problems);
      }
      const settled = settleClaims(candidates);
      return { candidates: settled.candidates, problems: [...problems, ...settled.problems] };
    },
  };
}

/** Finds the plugins of one folder. */
export const discoverDirectory = (path: string): Promise<Discovery> =>
  createDirectoryDiscoverer({ paths: [path] }).discover();

/** `seen` holds the folders and files that an earlier path has given: two paths may overlap. */
async function discoverPath(path: string, seen: Set<string>, slice: TimeSlice): Promise<Discovery> {
  let real: string;
  try {
    real = realpathSync.native(resolve(path));
  } catch (thrown) {
    return failed(unreadable(path, thrown), path);
  }
  const { folder, entries, error } = listFolder(real, path);
  if (error !== undefined) return failed(error, path);
  if (folder.files.has('plugin.yaml') || folder.files.has('plugin.yml')) {
    if (seen.has(real)) return { candidates: [], problems: [] };
    seen.add(real);
    return readPluginFolder(folder, basename(real));
  }
  const candidates: PluginCandidate[] = [];
  const problems: DiscoveryProblem[] = [];
  for (const entry of entries) {
    if (slice.over) await slice.next();
    const found = await discoverEntry(folder, entry, seen);
    if (found === undefined) continue;
    candidates.push(...found.candidates);
    problems.push(...found.problems);
  }
  return { candidates, problems };
}

const PLUGIN_FILE = /\.(?:[mc]?js|m?ts)$/;
const NOT_A_PLUGIN = /\.(?:test|spec)\.|\.d\.m?ts$/;

const isPluginFile = (name: string) => PLUGIN_FILE.test(name) && !NOT_A_PLUGIN.test(name);
const isPassedOver = (name: string) => name.startsWith('.') || name.startsWith('_') || name === 'node_modules';

/** `undefined` for what is no plugin. */
async function discoverEntry(root: ListedFolder, entry: Dirent, seen: Set<string>): Promise<Discovery | undefined> {
  const { name } = entry;
  if (isPassedOver(name)) return undefined;
  let path = join(root.path, name);
  let kind: 'file' | 'folder' = entry.isDirectory() ? 'folder' : 'file';
  if (entry.isSymbolicLink()) {
    const target = followLink(root.path, name);
    if (target.kind === 'broken') return undefined;
    if (target.kind === 'outside')
      return failed(
        errors.BP_DISCOVERY_OUTSIDE({ what: join(root.shown, name), folder: root.shown }),
        join(root.shown, name),
        name,
      );
    ({ kind, path } = target);
  } else if (!entry.isDirectory() && !entry.isFile()) return undefined;
  if (kind === 'file' && !isPluginFile(name)) return undefined;
  if (seen.has(path)) return undefined;
  seen.add(path);
  if (kind === 'file') return filePlugin(root, name, path);
  const { folder, error } = listFolder(path, join(root.shown, name));
  return error === undefined ? readPluginFolder(folder, name) : failed(error, join(root.shown, name), name);
}

function filePlugin(root: ListedFolder, origin: string, entry: string): Discovery {
  const name = nameFromPath(origin.slice(0, origin.lastIndexOf('.')));
  const file = join(root.shown, origin);
  const refused = nameProblem(name, 'file name', { file });
  if (refused !== undefined) return { candidates: [], problems: [{ ...refused, plugin: name, origin }] };
  return { candidates: [{ name, nameFrom: 'path', origin, root: root.path, entry }], problems: [] };
}

const failed = (error: Parameters<typeof sourceProblem>[0], file: string, origin?: string): Discovery => ({
  candidates: [],
  problems: [
    {
      ...sourceProblem(error, { file }),
      ...(origin !== undefined && { origin, plugin: nameFromPath(origin.replace(PLUGIN_FILE, '')) }),
    },
  ],
});

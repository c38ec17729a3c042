import { realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { sourceProblem } from '@backplane/wire';
import { readSourceFile, type SourceFile } from '@backplane/wire/yaml';
import { errors } from './errors.ts';
import { listFolder } from './list-folder.ts';
import { packagePlugins } from './package-plugins.ts';
import type { Discovery, DiscoveryProblem, PluginCandidate, PluginDiscoverer } from './plugin-candidate.ts';
import { settleClaims } from './rival-claims.ts';
import { TimeSlice } from './time-slice.ts';

export interface PackageDiscovererOptions {
  /** The folder whose `package.json` names the packages. Without one there is nothing to find. */
  readonly project: string;
}

/**
 * Finds plugins among the installed packages that a project depends on (`dependencies` and `optionalDependencies`), without running any code:
 * those whose own `package.json` has `backplane.plugins`. Packages are looked for as Node does, in the `node_modules` of the project and of the
 * folders above it, through links too. An optional package that is not installed is passed over.
 */
export function createPackageDiscoverer({ project }: PackageDiscovererOptions): PluginDiscoverer {
  return {
    async discover() {
      const slice = new TimeSlice();
      const folder = resolve(project);
      const { names, problems } = dependenciesOf(folder, join(project, 'package.json'));
      const candidates: PluginCandidate[] = [];
      const found: DiscoveryProblem[] = [...problems];
      for (const name of names) {
        if (slice.over) await slice.next();
        const discovery = await discoverPackage(folder, name);
        candidates.push(...(discovery?.candidates ?? []));
        found.push(...(discovery?.problems ?? []));
      }
      const settled = settleClaims(candidates);
      return { candidates: settled.candidates, problems: [...found, ...settled.problems] };
    },
  };
}

function dependenciesOf(folder: string, shown: string): { names: readonly string[]; problems: DiscoveryProblem[] } {
  const path = join(folder, 'package.json');
  if (!exists(path)) return { names: [], problems: [] };
  const source = readSourceFile(path, shown);
  const { text, problem } = source;
  if (problem !== undefined) return { names: [], problems: [problem] };
  try {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(text);
    return {
      names: [...new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies)])].sort(),
      problems: [],
    };
  } catch {
    const error = errors.BP_DISCOVERY_PACKAGE_INVALID({ file: shown, reason: 'it is not valid JSON' });
    return { names: [], problems: [sourceProblem(error, { file: shown })] };
  }
}

async function discoverPackage(project: string, name: string): Promise<Discovery | undefined> {
  const found = installedAt(project, name);
  if (found === undefined) return undefined;
  const shown = `node_modules/${name}`;
  const source: SourceFile = readSourceFile(join(found, 'package.json'), `${shown}/package.json`);
  // Most packages are no plugins: this spares listing their folders.
  if (source.text !== undefined && !source.text.includes('"backplane"')) return undefined;
  const { folder, error } = listFolder(found, shown);
  if (error !== undefined)
    return { candidates: [], problems: [{ ...sourceProblem(error, { file: shown }), origin: shown }] };
  return packagePlugins(folder, shown, source);
}

/** The package's folder, without symbolic links. */
function installedAt(project: string, name: string): string | undefined {
  for (let folder = project; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (exists(join(path, 'package.json'))) return realpathSync.native(path);
    if (dirname(folder) === folder) return undefined;
  }
}

function exists(path: string): boolean {
  try {
    realpathSync.native(path);
    return true;
  } catch {
    return false;
  }
}

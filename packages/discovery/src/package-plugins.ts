import { join } from 'node:path';
import { canonicalName } from '@backplane/base';
import {
  nameProblem,
  nearestPosition,
  pointerOf,
  type SourcePlace,
  type SourceProblem,
  sourceProblem,
} from '@backplane/wire';
import { parseYaml, type SourceFile } from '@backplane/wire/yaml';
import { type ListedFolder, resolveEntry } from './entry-point.ts';
import { errors } from './errors.ts';
import type { Discovery, DiscoveryProblem, PluginCandidate } from './plugin-candidate.ts';

/** The plugins that a `package.json` declares under `backplane.plugins`; `undefined` when it declares none. */
export async function packagePlugins(
  folder: ListedFolder,
  origin: string,
  source: SourceFile,
): Promise<Discovery | undefined> {
  const file = join(folder.shown, 'package.json');
  const failed = (problem: SourceProblem, plugin?: string): DiscoveryProblem => ({
    ...problem,
    origin,
    ...(plugin !== undefined && { plugin }),
  });
  if (source.problem !== undefined) return { candidates: [], problems: [failed(source.problem)] };
  const { text } = source;
  // Most packages are no plugins: this spares parsing them.
  if (!text.includes('"backplane"')) return undefined;
  const place = async (...path: string[]) => placeInJson(text, file, path);
  let content: { backplane?: { plugins?: unknown } } | null;
  try {
    content = JSON.parse(text);
  } catch {
    const error = errors.BP_DISCOVERY_PACKAGE_INVALID({ file, reason: 'it is not valid JSON' });
    return { candidates: [], problems: [failed(sourceProblem(error, await place()))] };
  }
  const plugins = content?.backplane?.plugins;
  if (plugins === undefined) return undefined;
  if (typeof plugins !== 'object' || plugins === null || Array.isArray(plugins)) {
    const error = errors.BP_DISCOVERY_PACKAGE_INVALID({ file, reason: 'backplane.plugins is no map' });
    return { candidates: [], problems: [failed(sourceProblem(error, await place('backplane', 'plugins')))] };
  }
  const candidates: PluginCandidate[] = [];
  const problems: DiscoveryProblem[] = [];
  for (const [key, written] of Object.entries(plugins)) {
    const outcome = declaredPlugin(folder, origin, file, key, written);
    if (outcome.candidate !== undefined) candidates.push(outcome.candidate);
    else
      problems.push(
        failed({ ...outcome.problem, ...sansUndefined(await place('backplane', 'plugins', key)) }, canonicalName(key)),
      );
  }
  return { candidates, problems };
}

type Declared =
  | { readonly candidate: PluginCandidate }
  | { readonly candidate?: undefined; readonly problem: SourceProblem };

function declaredPlugin(folder: ListedFolder, origin: string, file: string, key: string, written: unknown): Declared {
  const refused = nameProblem(key, 'backplane.plugins', { file });
  if (refused !== undefined) return { problem: refused };
  if (typeof written !== 'string') {
    const reason = `backplane.plugins.${key} is no text`;
    return { problem: sourceProblem(errors.BP_DISCOVERY_PACKAGE_INVALID({ file, reason }), { file }) };
  }
  const { entry, error } = resolveEntry(folder, written);
  if (error !== undefined) return { problem: sourceProblem(error, { file }) };
  const { file: entryFile, ...exported } = entry;
  return {
    candidate: {
      name: canonicalName(key),
      nameFrom: 'package',
      origin: `${origin}/package.json`,
      root: folder.path,
      entry: entryFile,
      ...exported,
    },
  };
}

/** JSON is YAML, so the parser that knows lines finds the place; only asked once something is wrong. */
async function placeInJson(text: string, file: string, path: readonly string[]): Promise<SourcePlace> {
  const { document, problems } = await parseYaml(text, file);
  if (document !== undefined) return { file, position: nearestPosition(document.positions, pointerOf(path)) };
  const [{ line, column, frame } = {} as SourceProblem] = problems;
  return { file, frame, ...(line !== undefined && column !== undefined && { position: { line, column } }) };
}

const sansUndefined = ({ position }: SourcePlace) => ({ ...position });

import { join } from 'node:path';
import { canonicalName } from '@backplane/base';
import {
  codeFrame,
  type ManifestOutcome,
  manifestPlace,
  manifestSource,
  nameFromPath,
  nameProblem,
  type SourcePlace,
  type SourceProblem,
  sourceProblem,
} from '@backplane/wire';
import { parseYaml, readSourceFile } from '@backplane/wire/yaml';
import { type ListedFolder, resolveEntry } from './entry-point.ts';
import { errors } from './errors.ts';
import { followLink } from './list-folder.ts';
import { packagePlugins } from './package-plugins.ts';
import type { Discovery, DiscoveryProblem, PluginCandidate } from './plugin-candidate.ts';

const MANIFESTS = ['plugin.yaml', 'plugin.yml'] as const;
const NOTHING: Discovery = { candidates: [], problems: [] };

/**
 * The plugin or plugins of one folder: what its `plugin.yaml` says, else what its `package.json` declares, else the one that a default
 * entry file makes of it. A folder with none of these is no plugin, which is no problem.
 */
export async function readPluginFolder(folder: ListedFolder, origin: string): Promise<Discovery> {
  const name = nameFromPath(origin.slice(origin.lastIndexOf('/') + 1));
  const failed = (...problems: readonly SourceProblem[]): Discovery => ({
    candidates: [],
    problems: problems.map((problem): DiscoveryProblem => ({ ...problem, plugin: name, origin })),
  });
  const present = MANIFESTS.filter((file) => has(folder, file));
  if (present.length > 1)
    return failed(sourceProblem(errors.BP_DISCOVERY_TWO_MANIFESTS({ folder: folder.shown }), { file: folder.shown }));
  const [manifestName] = present;
  if (manifestName !== undefined) return manifestPlugin(folder, origin, manifestName, failed);
  if (has(folder, 'package.json')) {
    const declared = await packagePlugins(folder, origin, safeRead(folder, 'package.json'));
    if (declared !== undefined) return declared;
  }
  const { entry, error } = resolveEntry(folder, undefined);
  if (error?.code === 'BP_DISCOVERY_ENTRY_MISSING') return NOTHING;
  if (error !== undefined) return failed(sourceProblem(error, { file: folder.shown }));
  const refused = nameProblem(name, 'folder name', { file: folder.shown });
  if (refused !== undefined) return failed(refused);
  const { file, ...exported } = entry;
  return {
    candidates: [{ name, nameFrom: 'path', origin, root: folder.path, entry: file, ...exported }],
    problems: [],
  };
}

async function manifestPlugin(
  folder: ListedFolder,
  origin: string,
  manifestName: string,
  failed: (...problems: readonly SourceProblem[]) => Discovery,
): Promise<Discovery> {
  const { text, problem } = safeRead(folder, manifestName);
  if (problem !== undefined) return failed(problem);
  const { source, problems } = await readManifest(text, join(folder.shown, manifestName));
  if (source === undefined) return failed(...problems);
  const { manifest } = source;
  const { entry, error } = resolveEntry(folder, manifest.entry_point);
  if (error !== undefined)
    return failed(sourceProblem(error, entryPlace(manifestPlace(source, ['entry_point']), text)));
  const { file, ...exported } = entry;
  const candidate: PluginCandidate = {
    name: canonicalName(manifest.name),
    nameFrom: 'manifest',
    origin,
    root: folder.path,
    entry: file,
    ...exported,
    manifest: source,
    manifestFile: join(folder.path, manifestName),
  };
  return { candidates: [candidate], problems: [] };
}

/** Reads a manifest that need not be on disk. `file` names it in problems. */
export async function readManifest(text: string, file: string): Promise<ManifestOutcome> {
  const { document, problems } = await parseYaml(text, file);
  if (document === undefined) return { problems };
  return manifestSource(document, ({ position }) => position && codeFrame(text, position));
}

const entryPlace = (place: SourcePlace, text: string): SourcePlace => ({
  ...place,
  ...(place.position && { frame: codeFrame(text, place.position) }),
});

const has = (folder: ListedFolder, name: string) => folder.files.has(name) || folder.others.has(name);

/** Reads a file of the folder unless it is a link that leads out, whose content a code frame would show. */
function safeRead(folder: ListedFolder, name: string): ReturnType<typeof readSourceFile> {
  const shown = join(folder.shown, name);
  if (!folder.files.has(name) && followLink(folder.path, name).kind === 'outside')
    return {
      problem: sourceProblem(errors.BP_DISCOVERY_OUTSIDE({ what: shown, folder: folder.shown }), { file: shown }),
    };
  return readSourceFile(join(folder.path, name), shown);
}

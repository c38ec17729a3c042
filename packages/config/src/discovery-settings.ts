import { dirname, resolve } from 'node:path';
import { nearestPosition, pointerOf, type SourceProblem, sourceProblem } from '@backplane/wire';
import { isPlainMap, type PlainMap } from '@backplane/wire/schema';
import type { YamlDocument } from '@backplane/wire/yaml';
import { errors } from './errors.ts';
import { readHostFiles } from './host-files.ts';
import { misspeltKeys } from './misspelt-file-keys.ts';

/** What the host's files say about where plugins are found. Paths are absolute. */
export interface DiscoverySettings {
  /** `plugins.enabled`: whether there are plugins at all. */
  readonly enabled?: boolean;
  /** `plugins.auto_discovery`: whether they are looked for. */
  readonly autoDiscovery?: boolean;
  /** `plugins.discovery_paths` and `plugins.directories`. */
  readonly paths?: readonly string[];
  /** `plugins.config_dir`: the folder of the plugins' own files. */
  readonly pluginConfigDir?: string;
  readonly problems: readonly SourceProblem[];
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const areTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

const KEYS: Readonly<Record<string, { readonly expected: string; fits(value: unknown): boolean }>> = {
  enabled: { expected: 'true or false', fits: isBoolean },
  auto_discovery: { expected: 'true or false', fits: isBoolean },
  discovery_paths: { expected: 'a list of folders', fits: areTexts },
  directories: { expected: 'a list of folders', fits: areTexts },
  config_dir: { expected: 'a folder', fits: isText },
};

/**
 * Reads the part of the host's files that says where plugins are, the environment's file over `base.yaml`. Relative paths begin at the folder that
 * holds the folder of configuration: that of the project. Other keys of `plugins` belong to plugins, and are not looked at.
 */
export async function readDiscoverySettings(configDir: string, environment: string): Promise<DiscoverySettings> {
  const found: SourceProblem[] = [];
  const settings: Record<string, unknown> = {};
  for (const file of await readHostFiles(configDir, environment)) {
    if (file.document === undefined) found.push(...file.problems);
    else Object.assign(settings, inDocument(file.document, found));
  }
  const project = dirname(resolve(configDir));
  const folders = ['discovery_paths', 'directories'].flatMap((key) => (settings[key] as string[] | undefined) ?? []);
  const { enabled, auto_discovery: autoDiscovery, config_dir: configFolder } = settings;
  return {
    ...(enabled !== undefined && { enabled: enabled as boolean }),
    ...(autoDiscovery !== undefined && { autoDiscovery: autoDiscovery as boolean }),
    ...((settings.discovery_paths ?? settings.directories) !== undefined && {
      paths: folders.map((path) => resolve(project, path)),
    }),
    ...(configFolder !== undefined && { pluginConfigDir: resolve(project, configFolder as string) }),
    problems: found,
  };
}

/** The keys that one file sets, as they are written there. */
function inDocument(document: YamlDocument, found: SourceProblem[]): Readonly<PlainMap> {
  const { value: root, positions, file } = document;
  const plugins = isPlainMap(root) ? (root.plugins ?? {}) : {};
  const refuse = (path: readonly string[], expected: string) => {
    const error = errors.BP_CONFIG_SETTING_INVALID({ key: path.join('.'), expected });
    found.push(sourceProblem(error, { file, position: nearestPosition(positions, pointerOf(path)) }));
  };
  if (!isPlainMap(plugins)) {
    refuse(['plugins'], 'a map of keys');
    return {};
  }
  // A map is what a plugin of that name is configured with.
  found.push(...misspeltKeys(document, ['plugins'], Object.keys(KEYS), isPlainMap));
  const set: PlainMap = {};
  for (const [key, { fits, expected }] of Object.entries(KEYS)) {
    const value = plugins[key];
    if (value === undefined || value === null) continue;
    if (fits(value)) set[key] = value;
    else refuse(['plugins', key], expected);
  }
  return set;
}

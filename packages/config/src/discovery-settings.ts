import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { nearestPosition, pointerOf, type SourceProblem, sourceProblem } from '@backplane/wire';
import { isPlainMap } from '@backplane/wire/schema';
import { parseYaml, readSourceFile } from '@backplane/wire/yaml';
import { errors } from './errors.ts';
import { misspeltKeys } from './misspelt-file-keys.ts';

/** What `base.yaml` says about where plugins are found. Paths are absolute. */
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

const KEYS: readonly string[] = ['enabled', 'auto_discovery', 'discovery_paths', 'directories', 'config_dir'];

const isText = (value: unknown): value is string => typeof value === 'string';
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const areTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);

/**
 * Reads the part of `base.yaml` that says where plugins are. Relative paths begin at the folder that holds the folder of configuration: that of
 * the project. Other keys of `plugins` belong to plugins, and are not looked at. A file that is not there says nothing.
 */
export async function readDiscoverySettings(configDir: string): Promise<DiscoverySettings> {
  const file = join(configDir, 'base.yaml');
  if (!existsSync(file)) return { problems: [] };
  const { text, problem } = readSourceFile(file);
  if (problem !== undefined) return { problems: [problem] };
  const { document, problems } = await parseYaml(text, file, { frames: false, secrets: true });
  if (document === undefined) return { problems };
  const root = document.value;
  const plugins = isPlainMap(root) ? (root.plugins ?? {}) : {};
  const found: SourceProblem[] = [];
  const refuse = (path: readonly string[], expected: string) => {
    const error = errors.BP_CONFIG_SETTING_INVALID({ key: path.join('.'), expected });
    found.push(sourceProblem(error, { file, position: nearestPosition(document.positions, pointerOf(path)) }));
  };
  if (!isPlainMap(plugins)) {
    refuse(['plugins'], 'a map of keys');
    return { problems: found };
  }
  const read = <T>(key: string, fits: (value: unknown) => value is T, expected: string): T | undefined => {
    const value = plugins[key];
    if (value === undefined || value === null) return undefined;
    if (fits(value)) return value;
    refuse(['plugins', key], expected);
    return undefined;
  };
  // A map is what a plugin of that name is configured with.
  found.push(...misspeltKeys(document, ['plugins'], KEYS, isPlainMap));
  const project = dirname(resolve(configDir));
  const enabled = read('enabled', isBoolean, 'true or false');
  const autoDiscovery = read('auto_discovery', isBoolean, 'true or false');
  const listed = ['discovery_paths', 'directories'].map((key) => read(key, areTexts, 'a list of folders'));
  const configFolder = read('config_dir', isText, 'a folder');
  const paths = listed.every((list) => list === undefined) ? undefined : listed.flatMap((list) => list ?? []);
  return {
    ...(enabled !== undefined && { enabled }),
    ...(autoDiscovery !== undefined && { autoDiscovery }),
    ...(paths && { paths: paths.map((path) => resolve(project, path)) }),
    ...(configFolder !== undefined && { pluginConfigDir: resolve(project, configFolder) }),
    problems: found,
  };
}

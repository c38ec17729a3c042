import { join } from 'node:path';
import { type BackplaneError, canonicalName, isBackplaneError } from '@backplane/base';
import { type SourceProblem, sourceProblem } from '@backplane/wire';
import type { PlainMap } from '@backplane/wire/schema';
import { errors } from './errors.ts';
import { divideConfig, type HostSettings } from './host-settings.ts';
import { type ConfigLayer, type ConfigOrigin, mergeLayers } from './merge-layers.ts';
import { type PluginConfigFile, type PluginConfigFiles, readPluginConfigFiles } from './plugin-config-files.ts';
import { DEFAULT_ENVIRONMENTS, pluginFileLayers } from './plugin-file.ts';

export interface ConfigSourceOptions {
  /** The folder that holds `plugins/NAME.yaml`. */
  readonly configDir: string;
  /** Holds `NAME.yaml`, in place of `plugins` in the folder of configuration. */
  readonly pluginConfigDir?: string;
  /** Chooses the overrides. */
  readonly environment: string;
  /** Top-level keys of a plugin file that are environments. Default development, test, staging, production. */
  readonly environments?: readonly string[];
  /** What lies over the files, lowest first. */
  readonly layersOver?: (plugin: string) => readonly ConfigLayer[];
}

/** What is configured for one plugin, before its schema has seen it. */
export interface PluginConfig {
  /** Canonical name. */
  readonly plugin: string;
  readonly value: Readonly<PlainMap>;
  /** What the files say to the host. */
  readonly settings: HostSettings;
  /** The keys behind `settings` as written: given to a plugin whose schema names them. */
  readonly hostKeys: Readonly<PlainMap>;
  /** Where each value, map, list and item of both was written, by JSON pointer. */
  readonly origins: ReadonlyMap<string, ConfigOrigin>;
  /** The files it was read from. */
  readonly files: readonly string[];
  readonly problems: readonly SourceProblem[];
}

export interface ConfigSource {
  /** Never rejects because of what the files hold: that is in `problems`. */
  pluginConfig(name: string, aliases?: readonly string[]): Promise<PluginConfig>;
  /** Sees the files as they are now; until then they are as they were first read. */
  refresh(): void;
}

/** Reads configuration from files, once, until it is told to look again: so that all plugins of one change see the same files. */
export function createConfigSource(options: ConfigSourceOptions): ConfigSource {
  const { configDir, environment, environments = DEFAULT_ENVIRONMENTS, layersOver } = options;
  const folder = options.pluginConfigDir ?? join(configDir, 'plugins');
  let snapshot: Promise<PluginConfigFiles> | undefined;
  return {
    refresh() {
      snapshot = undefined;
    },
    async pluginConfig(name, aliases = []) {
      const plugin = canonicalName(name);
      const problems: SourceProblem[] = [];
      let files: readonly PluginConfigFile[] = [];
      try {
        snapshot ??= readPluginConfigFiles(folder);
        files = claimed(await snapshot, [name, ...aliases]);
      } catch (thrown) {
        if (!isBackplaneError(thrown)) throw thrown;
        problems.push(sourceProblem(thrown as BackplaneError, { file: folder }));
      }
      const layers: ConfigLayer[] = [];
      const paths = files.map(({ path }) => path);
      const [file, another] = files;
      if (another !== undefined) {
        problems.push(sourceProblem(errors.BP_CONFIG_FILE_TWICE({ plugin, files: paths }), { file: another.path }));
      } else if (file !== undefined) {
        const { document, problems: broken } = await file.outcome();
        problems.push(...broken);
        const read = document && pluginFileLayers(document, { environment, environments });
        layers.push(...(read?.layers ?? []));
        problems.push(...(read?.problems ?? []));
      }
      const { value: merged, origins } = mergeLayers([...layers, ...(layersOver?.(plugin) ?? [])]);
      const divided = divideConfig(merged, origins);
      return { plugin, ...divided, origins, files: paths, problems: [...problems, ...divided.problems] };
    },
  };
}

function claimed(files: PluginConfigFiles, names: readonly string[]): PluginConfigFile[] {
  return [...new Set(names.flatMap((name) => files.get(canonicalName(name)) ?? []))];
}

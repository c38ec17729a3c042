import { join } from 'node:path';
import { type BackplaneError, canonicalName, isBackplaneError } from '@backplane/base';
import { type SourceProblem, sourceProblem } from '@backplane/wire';
import type { PlainMap } from '@backplane/wire/schema';
import { type AddressedPlugin, addressedPlugins } from './addressed-plugins.ts';
import { addressOf, type Environment, environmentLayer } from './environment-layer.ts';
import { errors } from './errors.ts';
import { type HostFile, readHostFiles } from './host-files.ts';
import { divideConfig, type HostSettings } from './host-settings.ts';
import { type ConfigLayer, type ConfigOrigin, mergeLayers } from './merge-layers.ts';
import { type PluginConfigFile, type PluginConfigFiles, readPluginConfigFiles } from './plugin-config-files.ts';
import { DEFAULT_ENVIRONMENTS, pluginFileLayers } from './plugin-file.ts';
import { hostFileLayers } from './plugin-layers.ts';
import { resolveSecrets } from './resolve-secrets.ts';
import { type SecurityPolicy, securityPolicy } from './security-policy.ts';

export interface ConfigSourceOptions {
  /** The folder that holds `base.yaml`, `ENVIRONMENT.yaml` and `plugins/NAME.yaml`. */
  readonly configDir: string;
  /** Holds `NAME.yaml`, in place of `plugins` in the folder of configuration. */
  readonly pluginConfigDir?: string;
  /** Chooses the overrides. */
  readonly environment: string;
  /** Top-level keys of a plugin file that are environments. Default development, test, staging, production. */
  readonly environments?: readonly string[];
  /** What the host is called: `service_specific` settings of another service are left out. */
  readonly service?: string;
  /** What lies over the files, lowest first. */
  readonly layersOver?: (plugin: string) => readonly ConfigLayer[];
  /** Environment variables, which lie over everything. Default none. */
  readonly variables?: Environment;
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
  /** Its layers, lowest first, as they were merged. */
  readonly layers: readonly ConfigLayer[];
  /** JSON pointers of values that were `!secret` references: nobody prints these. */
  readonly secrets: ReadonlySet<string>;
  /** Values from environment variables as they were given, by JSON pointer. */
  readonly texts: ReadonlyMap<string, string>;
  /** The files that say something to it. */
  readonly files: readonly string[];
  readonly problems: readonly SourceProblem[];
}

export interface ConfigSource {
  /** Never rejects because of what the files hold: that is in `problems`. */
  pluginConfig(name: string, aliases?: readonly string[]): Promise<PluginConfig>;
  /** What is asked of every plugin that is found. Never rejects. */
  securityPolicy(): Promise<SecurityPolicy>;
  /** The same files under other layers. Both see the files as they are when either is told to look again. */
  under(layersOver: NonNullable<ConfigSourceOptions['layersOver']>): ConfigSource;
  /** The environment variable that decides a key (`pkd.urls`) of a plugin, or something within it. */
  pinnedBy(names: readonly string[], key: string): string | undefined;
  /** Every place that configures a plugin, of whatever name. Never rejects: what cannot be read is in the problems of every plugin. */
  addressed(): Promise<readonly AddressedPlugin[]>;
  /** Sees the files as they are now; until then they are as they were first read. */
  refresh(): void;
}

/** The files as they were at one moment. */
interface Snapshot {
  readonly host: readonly HostFile[];
  readonly plugins: PluginConfigFiles;
  /** Once it was asked for. */
  policy?: SecurityPolicy;
}

/** Reads configuration from files, once, until it is told to look again: so that all plugins of one change see the same files. */
export function createConfigSource(options: ConfigSourceOptions): ConfigSource {
  return new FileConfigSource(options, { snapshot: undefined });
}

class FileConfigSource implements ConfigSource {
  readonly #options: ConfigSourceOptions;
  readonly #folder: string;
  /** Shared by all that read the same files. */
  readonly #files: { snapshot: Promise<Snapshot> | undefined };

  constructor(options: ConfigSourceOptions, files: { snapshot: Promise<Snapshot> | undefined }) {
    this.#options = options;
    this.#files = files;
    this.#folder = options.pluginConfigDir ?? join(options.configDir, 'plugins');
  }

  refresh(): void {
    this.#files.snapshot = undefined;
  }

  under(layersOver: NonNullable<ConfigSourceOptions['layersOver']>): ConfigSource {
    return new FileConfigSource({ ...this.#options, layersOver }, this.#files);
  }

  pinnedBy(names: readonly string[], key: string): string | undefined {
    const own = new Set(names.map(canonicalName));
    const { variables = {} } = this.#options;
    return Object.keys(variables).find((variable) => {
      const address = variables[variable] === undefined ? undefined : addressOf(variable);
      if (address === undefined || !own.has(address.plugin)) return false;
      const path = address.path.join('.');
      return path === key || path.startsWith(`${key}.`) || key.startsWith(`${path}.`);
    });
  }

  async pluginConfig(name: string, aliases: readonly string[] = []): Promise<PluginConfig> {
    const { service, layersOver, variables = {} } = this.#options;
    const plugin = canonicalName(name);
    const names = [name, ...aliases];
    const problems: SourceProblem[] = [];
    const { host, plugins } = await this.#read(problems);
    const files = claimed(plugins, names);
    const own = await this.#ownLayers(plugin, files, problems);
    const shared = hostFileLayers(host, names, service);
    const environment = await environmentLayer(variables, names);
    const over = [...(layersOver?.(plugin) ?? []), environment.layer];
    const layers = [...shared.below, ...own, ...shared.above, ...over];
    const { value: merged, origins } = mergeLayers(layers);
    const resolved = await resolveSecrets(merged, origins, { variables, folder: this.#options.configDir });
    const divided = divideConfig(resolved.value, origins);
    for (const { problems: found } of [shared, environment, resolved, divided]) problems.push(...found);
    // The host's own files belong to nobody alone: whoever they say nothing to does not hear of them.
    const said = new Set([...origins.values()].map(({ file }) => file));
    const paths = [...host.filter(({ path }) => said.has(path)), ...files].map(({ path }) => path);
    const { secrets } = resolved;
    return { plugin, ...divided, origins, layers, secrets, texts: environment.texts, files: paths, problems };
  }

  async securityPolicy(): Promise<SecurityPolicy> {
    const snapshot = await this.#read([]);
    snapshot.policy ??= securityPolicy(snapshot.host);
    return snapshot.policy;
  }

  async addressed(): Promise<readonly AddressedPlugin[]> {
    const { host, plugins } = await this.#read([]);
    return addressedPlugins(host, plugins, this.#options.variables ?? {});
  }

  async #read(problems: SourceProblem[]): Promise<Snapshot> {
    const { configDir, environment } = this.#options;
    try {
      this.#files.snapshot ??= Promise.all([
        readHostFiles(configDir, environment),
        readPluginConfigFiles(this.#folder),
      ]).then(([host, plugins]) => ({ host, plugins }));
      const snapshot = await this.#files.snapshot;
      for (const file of snapshot.host) problems.push(...file.problems);
      return snapshot;
    } catch (thrown) {
      if (!isBackplaneError(thrown)) throw thrown;
      problems.push(sourceProblem(thrown as BackplaneError, { file: this.#folder }));
      return { host: [], plugins: new Map() };
    }
  }

  async #ownLayers(
    plugin: string,
    files: readonly PluginConfigFile[],
    problems: SourceProblem[],
  ): Promise<readonly ConfigLayer[]> {
    const { environment, environments = DEFAULT_ENVIRONMENTS } = this.#options;
    const [file, another] = files;
    if (file === undefined) return [];
    if (another !== undefined) {
      const error = errors.BP_CONFIG_FILE_TWICE({ plugin, files: files.map(({ path }) => path) });
      problems.push(sourceProblem(error, { file: another.path }));
      return [];
    }
    const { document, problems: broken } = await file.outcome();
    problems.push(...broken);
    if (document === undefined) return [];
    const read = pluginFileLayers(document, { environment, environments });
    problems.push(...read.problems);
    return read.layers;
  }
}

function claimed(files: PluginConfigFiles, names: readonly string[]): PluginConfigFile[] {
  return [...new Set(names.flatMap((name) => files.get(canonicalName(name)) ?? []))];
}

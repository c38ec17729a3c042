import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isReservedName } from '@backplane/wire';
import { isPlainMap } from '@backplane/wire/schema';
import { parseYaml } from '@backplane/wire/yaml';
import { createHost } from './create-host.ts';
import { errors } from './errors.ts';
import type { Host } from './host.ts';
import type { HostOptions } from './host-options.ts';
import type { PluginManager } from './plugin-manager.ts';

export interface PluginEnabledServiceOptions {
  /** What the service is called, in its log. */
  readonly name: string;
  /** Besides those of the configuration. */
  readonly pluginDirectories?: readonly string[];
  /** `false` opens management to everybody on this machine; refused in production. Default true. */
  readonly enableAuth?: boolean;
  /** `false` leaves `/metrics` out. Default true. */
  readonly enableMetrics?: boolean;
  /** Everything else that a host can be told. Its data lies in `./data/NAME` unless told. */
  readonly host?: Omit<HostOptions, 'listen' | 'pluginPaths' | 'openManagement' | 'metrics'>;
}

/** A program with plugins in it. */
export interface PluginEnabledService {
  readonly host: Host;
  readonly plugins: PluginManager;
  /** For a server of one's own. */
  readonly handler: Host['handler'];
  /** Listens as well, and gives the address. Port 0 takes a free one. */
  listen(where?: { readonly host?: string; readonly port?: number }): Promise<string>;
  /** Drains and stops everything. */
  close(): Promise<void>;
}

/** What a `config.yaml` says: the folders of plugins, and each plugin's section. */
export interface ServiceConfig {
  readonly directories: readonly string[];
  readonly pluginConfig: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Starts a host with the plugins of some folders. */
export function createPluginEnabledService(options: PluginEnabledServiceOptions): Promise<PluginEnabledService> {
  return new PluginEnabledServiceFactory().createServiceWithPlugins(options);
}

/** Makes services of one configuration. */
export class PluginEnabledServiceFactory {
  readonly #config: ServiceConfig;
  #manager: PluginManager | undefined;

  constructor(config: ServiceConfig = { directories: [], pluginConfig: {} }) {
    this.#config = config;
  }

  /**
   * Reads a `config.yaml` with a section `plugins`: `directories`, relative to the file, and a section for each plugin.
   * @throws BP_SERVICE_CONFIG_INVALID, naming file and line
   */
  static async fromFile(file: string): Promise<PluginEnabledServiceFactory> {
    return new PluginEnabledServiceFactory(await readServiceConfig(file));
  }

  async createServiceWithPlugins(options: PluginEnabledServiceOptions): Promise<PluginEnabledService> {
    const { directories, pluginConfig } = this.#config;
    const { name, pluginDirectories = [], enableAuth = true, enableMetrics = true } = options;
    const host = await createHost({
      dataDir: resolve('data', name),
      ...options.host,
      pluginConfig: { ...pluginConfig, ...options.host?.pluginConfig },
      pluginPaths: [...directories, ...pluginDirectories],
      openManagement: !enableAuth,
      metrics: enableMetrics,
      listen: false,
    });
    await host.start();
    host.logger.info(`Service ${name} has started.`);
    this.#manager = host.plugins;
    return {
      host,
      plugins: host.plugins,
      handler: host.handler,
      listen: (where) => host.listen(where),
      close: () => host.stop(),
    };
  }

  /** Of the service that was made last. @throws BP_SERVICE_NOT_CREATED */
  getPluginManager(): PluginManager {
    if (this.#manager === undefined) throw errors.BP_SERVICE_NOT_CREATED({});
    return this.#manager;
  }
}

async function readServiceConfig(file: string): Promise<ServiceConfig> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw errors.BP_SERVICE_CONFIG_INVALID({ file, problem: String(cause?.code ?? cause) }, { cause });
  });
  const { document, problems } = await parseYaml(text, file);
  const [problem] = problems;
  if (problem)
    throw errors.BP_SERVICE_CONFIG_INVALID({ file, problem: `line ${problem.line ?? 1}: ${problem.message}` });
  const root = document?.value ?? {};
  const plugins = (isPlainMap(root) ? root.plugins : undefined) ?? {};
  if (!isPlainMap(plugins)) throw errors.BP_SERVICE_CONFIG_INVALID({ file, problem: '"plugins" is no map' });
  const { directories = [], ...sections } = plugins;
  if (!Array.isArray(directories) || directories.some((folder) => typeof folder !== 'string')) {
    throw errors.BP_SERVICE_CONFIG_INVALID({ file, problem: '"plugins.directories" is no list of folders' });
  }
  const pluginConfig: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const [name, section] of Object.entries(sections)) {
    if (isReservedName(name))
      throw errors.BP_SERVICE_CONFIG_INVALID({
        file,
        problem: `"plugins.${name}" is for the files in the folder of configuration, and would have no effect here`,
      });
    if (!isPlainMap(section))
      throw errors.BP_SERVICE_CONFIG_INVALID({ file, problem: `"plugins.${name}" is no section` });
    pluginConfig[name] = section;
  }
  return { directories: directories.map((folder: string) => resolve(dirname(file), folder)), pluginConfig };
}

import type { Clock } from '@backplane/base';
import { type ConfigSource, createConfigSource } from '@backplane/config';
import { createCompositeDiscoverer, createDirectoryDiscoverer, createPackageDiscoverer } from '@backplane/discovery';
import type { Loader } from '@backplane/loader';
import type { Logger } from '@backplane/plugin-api';
import type { HeldEffect, PluginUnit } from '@backplane/ports';
import type { HostOptions } from './host-options.ts';
import { type HostState, installedIn } from './host-state.ts';
import { Isolation } from './isolation.ts';
import { PluginLibrary } from './plugin-library.ts';
import { PluginReader } from './plugin-reader.ts';
import { realFolder } from './real-folder.ts';
import { RegisteredPlugins } from './registered-plugins.ts';
import { WantedCode } from './wanted-code.ts';

/** What the code of plugins is found, read and configured with. */
export interface CodeSurroundings {
  readonly configDir: string;
  readonly pluginConfigDir: string;
  readonly environment: string;
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly clock: Clock;
  readonly loader: Loader;
  /** How long a plugin's modules may take to run, in milliseconds. */
  readonly evaluationMs: number;
  readonly logger: Logger;
  /** There before anything is read. */
  readonly state: () => HostState;
  readonly inUse: (unit: PluginUnit) => boolean;
  readonly onHeld: (plugin: string, held: HeldEffect) => void;
}

export interface HostCode {
  readonly configs: ConfigSource;
  readonly isolation: Isolation;
  readonly library: PluginLibrary;
  readonly reader: PluginReader;
  readonly registered: RegisteredPlugins;
}

/** Puts together what knows the code of a host's plugins: where it is, how it is read, and with which configuration. */
export function composeCode(options: HostOptions, surroundings: CodeSurroundings): HostCode {
  const { configDir, pluginConfigDir, environment, dataDir, clock, loader, evaluationMs, state } = surroundings;
  const pluginPaths = options.pluginPaths ?? [];
  const registered = new RegisteredPlugins(options.plugins);
  const configs = createConfigSource({
    configDir,
    pluginConfigDir,
    environment,
    layersOver: (plugin) => state().layersOf()(plugin),
    ...(options.service !== undefined && { service: options.service }),
    ...(options.variables !== undefined && { variables: options.variables }),
  });
  const isolation = new Isolation({
    cacheDir: surroundings.cacheDir,
    clock,
    loader,
    spare: options.watch === true,
    loadLimitMs: evaluationMs,
  });
  const reader = new PluginReader({
    loader,
    configs,
    registeredSchema: (plugin) => state().visible().plugins[plugin]?.about?.config_schema,
    isolation: options.isolation ?? {},
    isolate: (...asked) => isolation.isolate(...asked),
    inUse: surroundings.inUse,
    onHeld: surroundings.onHeld,
  });
  const places = [
    createDirectoryDiscoverer({ paths: pluginPaths }),
    ...(options.packagesOf === undefined ? [] : [createPackageDiscoverer({ project: options.packagesOf })]),
  ];
  const code = new WantedCode(pluginPaths, installedIn(dataDir));
  const library = new PluginLibrary({
    discoverer: createCompositeDiscoverer([...places, code.discoverer(() => state().visible())]),
    folders: createCompositeDiscoverer(places),
    wantedCode: (wanted, name) => code.of(wanted, name),
    registered,
    configs,
    reader,
    configFolder: realFolder(pluginConfigDir),
    hostFolder: realFolder(configDir),
    onTrouble: (message) => surroundings.logger.warn(message),
    clock,
  });
  return { configs, isolation, library, reader, registered };
}

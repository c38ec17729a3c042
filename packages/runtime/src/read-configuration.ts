import { join, resolve } from 'node:path';
import { canonicalName, systemClock } from '@backplane/base';
import {
  type AddressedPlugin,
  type ConfigIssue,
  type ConfigLayer,
  type ConfigOrigin,
  createConfigSource,
} from '@backplane/config';
import { wantedLayer } from '@backplane/desired-state';
import { createCompositeDiscoverer, createDirectoryDiscoverer, createPackageDiscoverer } from '@backplane/discovery';
import { createLoader } from '@backplane/loader';
import type { JsonSchema } from '@backplane/plugin-api';
import type { JsonValue } from '@backplane/ports';
import { nearestName, pointerOf, SealedValue } from '@backplane/wire';
import { isPlainMap } from '@backplane/wire/schema';
import { checkEnvironment } from './check-environment.ts';
import { type ConfigurationValue, configuredValues } from './configured-values.ts';
import type { HostOptions } from './host-options.ts';
import { Isolation } from './isolation.ts';
import { type InspectedPlugin, PluginReader } from './plugin-reader.ts';
import { programLayers } from './program-layers.ts';
import { sharedModules } from './shared-modules.ts';

/** What a plugin is configured with, and what is wrong with that. */
export interface PluginConfiguration {
  readonly plugin: string;
  readonly aliases: readonly string[];
  readonly origin: string;
  readonly enabled: boolean;
  readonly values: readonly ConfigurationValue[];
  /** As JSON Schema, where that can be known. */
  readonly schema: JsonSchema | undefined;
  readonly issues: readonly ConfigIssue[];
  /** Why its code or schema cannot be had, so that nothing could be checked. */
  readonly failure: { readonly code: string; readonly message: string } | undefined;
}

/** A name that configuration uses, and that no plugin has. */
export interface Stranger {
  readonly name: string;
  /** The plugin most likely meant. Without one it may be a plugin of another host, which shares the files. */
  readonly nearest: string | undefined;
  /** Without its layer. */
  readonly origin: Omit<ConfigOrigin, 'layer'>;
}

export interface Configuration {
  /** By name. */
  readonly plugins: readonly PluginConfiguration[];
  readonly strangers: readonly Stranger[];
}

/** What was said over the files, as the API shows it: `***` where that is a secret. */
export interface SaidOverFiles {
  readonly plugins: Readonly<
    Record<string, { readonly enabled?: boolean; readonly config?: Readonly<Record<string, unknown>> }>
  >;
}

const HIDDEN = '***';

/**
 * Reads and checks the configuration of every plugin that a host of these options would find, with `said` over its files. Starts nothing; the
 * code of plugins is read. A secret that is not known is not checked.
 */
export async function readConfiguration(
  options: HostOptions,
  said: SaidOverFiles = { plugins: {} },
): Promise<Configuration> {
  const clock = systemClock;
  const environment = checkEnvironment(options.environment ?? 'development');
  const cacheDir = join(resolve(options.dataDir ?? 'data'), 'cache', 'bundles');
  const configDir = resolve(options.configDir ?? 'config');
  const loader = createLoader({ cacheDir, shared: sharedModules, clock });
  const isolation = new Isolation({ cacheDir, clock, loader, spare: false, loadLimitMs: options.loadLimit ?? 30_000 });
  const ofProgram = programLayers(options.pluginConfig);
  const configs = createConfigSource({
    configDir,
    pluginConfigDir: resolve(options.pluginConfigDir ?? join(configDir, 'plugins')),
    environment,
    layersOver: (plugin) => [...ofProgram(plugin), ...saidLayers(said, plugin)],
    ...(options.service !== undefined && { service: options.service }),
    ...(options.variables !== undefined && { variables: options.variables }),
  });
  const reader = new PluginReader({
    loader,
    configs,
    isolation: options.isolation ?? {},
    isolate: (...asked) => isolation.isolate(...asked),
    inUse: () => false,
    onHeld: () => {},
  });
  const discoverer = createCompositeDiscoverer([
    createDirectoryDiscoverer({ paths: options.pluginPaths ?? [] }),
    ...(options.packagesOf === undefined ? [] : [createPackageDiscoverer({ project: options.packagesOf })]),
  ]);
  try {
    const { candidates } = await discoverer.discover();
    const read: PluginConfiguration[] = [];
    for (const candidate of candidates) read.push(told(await reader.inspect(candidate)));
    return {
      plugins: read.sort((a, b) => (a.plugin < b.plugin ? -1 : 1)),
      strangers: strangersIn(await configs.addressed(), read),
    };
  } finally {
    await Promise.all([isolation.close(), loader.close()]);
  }
}

function saidLayers({ plugins }: SaidOverFiles, plugin: string): readonly ConfigLayer[] {
  const { enabled, config = {} } = (Object.hasOwn(plugins, plugin) ? plugins[plugin] : undefined) ?? {};
  const entries = Object.entries(config).map(([key, value]) => {
    return [key, value === HIDDEN ? { secret: key } : { value: value as JsonValue }];
  });
  const wanted = { ...(enabled !== undefined && { enabled }), config: Object.fromEntries(entries) };
  const layer = wantedLayer(wanted, 'api', () => new SealedValue(() => HIDDEN));
  return layer === undefined ? [] : [layer];
}

/** Of what a hidden value does wrong nothing can be known. */
const isKnown =
  ({ secrets, value }: InspectedPlugin['configured']) =>
  ({ path }: ConfigIssue): boolean => {
    let at: unknown = value;
    for (const key of path) at = isPlainMap(at) ? at[key] : undefined;
    return !(at === HIDDEN && secrets.has(pointerOf(path)));
  };

function strangersIn(
  addressed: readonly AddressedPlugin[],
  plugins: readonly PluginConfiguration[],
): readonly Stranger[] {
  const known = new Set(plugins.flatMap(({ plugin, aliases }) => [plugin, ...aliases].map(canonicalName)));
  return addressed.flatMap(({ names, ...origin }) => {
    const [name] = names;
    if (name === undefined || names.some((one) => known.has(one))) return [];
    return [{ name, nearest: nearestName(name, known), origin }];
  });
}

function told({ name, aliases, origin, configured, schema, outcome, failure }: InspectedPlugin): PluginConfiguration {
  const { issues: found = [] } = (outcome?.error?.details ?? {}) as { readonly issues?: readonly ConfigIssue[] };
  const issues = found.filter(isKnown(configured));
  const wrong = failure ?? (found.length === 0 ? outcome?.error : undefined);
  return {
    plugin: name,
    aliases,
    origin,
    enabled: configured.settings.enabled !== false,
    values: configuredValues(configured, schema, outcome?.config),
    schema,
    issues,
    failure: wrong && { code: wrong.code, message: wrong.message },
  };
}

import { isDeepStrictEqual } from 'node:util';
import { type BackplaneError, canonicalName } from '@backplane/base';
import {
  type ConfigSource,
  normalizeConfigSchema,
  type PluginConfig,
  type ValidatedConfig,
  validatePluginConfig,
} from '@backplane/config';
import type { PluginCandidate } from '@backplane/discovery';
import { createInlineUnit } from '@backplane/kernel';
import { findPlugin, type Loader } from '@backplane/loader';
import type { IsolationLevel, JsonSchema, Plugin } from '@backplane/plugin-api';
import type { EffectLedger, HeldEffect, PluginData, PluginUnit } from '@backplane/ports';
import { placeName } from '@backplane/wire';
import satisfies from 'semver/functions/satisfies.js';
import { dataOf } from './data-of.ts';
import { errors } from './errors.ts';
import { holdToPolicy, isSandboxed } from './hold-to-policy.ts';
import { asFailure, attempt, type Loaded } from './loaded-plugin.ts';

/**
 * Reads a plugin's data and makes its unit without running its code in this process. `adapt` gives the data that it is to run with.
 */
export type Isolate = (
  candidate: PluginCandidate,
  adapt: (data: PluginData) => Promise<PluginData>,
) => Promise<Omit<ReadUnit, 'settings'>>;

/** What configuration says in place of what a plugin says of itself, and the schema that whoever registered it gave for one that has none. */
export type DataSettings = Partial<Pick<PluginData, 'priority' | 'mounted' | 'autoLoad' | 'config'>>;

/** What became of a plugin, and of its code where that could be read. */
export interface Reading {
  readonly loaded: Loaded;
  readonly read: ReadUnit | undefined;
}

/** A unit, and the files that it was made of. */
export interface ReadUnit {
  readonly unit: PluginUnit;
  readonly inputs: readonly string[];
  readonly settings: DataSettings;
}

/** A plugin's configuration, for people. */
export interface InspectedPlugin {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly origin: string;
  readonly configured: PluginConfig;
  readonly schema: JsonSchema | undefined;
  /** Absent where its code could not be read. */
  readonly outcome: ValidatedConfig | undefined;
  readonly failure: BackplaneError | undefined;
}

export interface PluginReaderOptions {
  readonly loader: Loader;
  readonly configs: ConfigSource;
  /** The schema that a plugin was registered with, by name. */
  readonly registeredSchema?: (plugin: string) => unknown;
  readonly isolation: Readonly<Record<string, IsolationLevel>>;
  readonly isolate: Isolate;
  /** True where a unit runs, or is to. */
  readonly inUse: (unit: PluginUnit) => boolean;
  /** Told what code has left behind that was loaded and comes to no use. */
  readonly onHeld: (plugin: string, held: HeldEffect) => void;
}

/** What readers of the same plugins know together. */
interface ReaderMemory {
  readonly held: Set<string>;
  readonly reads: WeakMap<PluginUnit, ReadUnit>;
}

/** Reads one plugin: its code, at the level that is asked for, joined with its manifest and its configuration. */
export class PluginReader {
  readonly #options: PluginReaderOptions;
  readonly #memory: ReaderMemory;

  constructor(options: PluginReaderOptions, memory: ReaderMemory = { held: new Set(), reads: new WeakMap() }) {
    this.#options = options;
    this.#memory = memory;
  }

  /** Reads the same plugins under other configuration, and with the schemas that they were registered with then. */
  under(configs: ConfigSource, registeredSchema: (plugin: string) => unknown): PluginReader {
    return new PluginReader({ ...this.#options, configs, registeredSchema }, this.#memory);
  }

  /** Keeps a plugin from running, until it is let go: it counts as switched off. */
  hold(name: string, held: boolean): void {
    if (held) this.#memory.held.add(name);
    else this.#memory.held.delete(name);
  }

  /**
   * Never rejects. `name` is what the plugin is called where its code cannot say it. `before` is taken again where the code is the same and in
   * use.
   */
  async read(candidate: PluginCandidate, name: string, before?: PluginUnit): Promise<Reading> {
    const { origin } = candidate;
    let read: ReadUnit | undefined;
    const loaded = await attempt(name, origin, async () => {
      const off = await this.#isOff(candidate);
      if (off !== undefined) return { name: candidate.name, origin, outcome: 'disabled', reason: off };
      await holdToPolicy(candidate, this.#options.configs);
      const found = (await this.#again(candidate, before)) ?? (await this.#unitOf(candidate));
      read = found;
      this.#memory.reads.set(found.unit, found);
      let configured: Loaded | undefined;
      try {
        configured = await this.#configure(found.unit, origin);
        return configured;
      } finally {
        if (configured?.outcome !== 'ready') await this.discard(found.unit);
      }
    });
    return { loaded, read };
  }

  /** What a plugin is configured with, as its schema sees it; nothing of it is kept. Never rejects. */
  async inspect(candidate: PluginCandidate): Promise<InspectedPlugin> {
    const { configs } = this.#options;
    const { name, origin } = candidate;
    try {
      if ((await this.#isOff(candidate)) === undefined) await holdToPolicy(candidate, configs);
      const { unit } = await this.#unitOf(candidate);
      try {
        const { name, aliases, config } = unit.data;
        const configured = await configs.pluginConfig(name, aliases);
        const validator = normalizeConfigSchema(config);
        const outcome = await validatePluginConfig(configured, validator);
        return { name, aliases, origin, configured, schema: validator.jsonSchema, outcome, failure: undefined };
      } finally {
        await this.discard(unit);
      }
    } catch (error) {
      const aliases = candidate.manifest?.manifest.aliases ?? [];
      const configured = await configs.pluginConfig(name, aliases);
      return {
        name,
        aliases,
        origin,
        configured,
        schema: undefined,
        outcome: undefined,
        failure: asFailure(name, error),
      };
    }
  }

  /** The same for one that was handed in by program. */
  readRegistered(plugin: Plugin): Promise<Loaded> {
    const origin = 'registered by program';
    return attempt(canonicalName(plugin.name), origin, async () => {
      const data = dataOf(plugin, undefined, plugin.name);
      return this.#configure(createInlineUnit(plugin, data, 'registered', origin), origin);
    });
  }

  /** Ends code that comes to no use, unless it is that which runs. */
  async discard(unit: PluginUnit): Promise<void> {
    if (!this.#options.inUse(unit)) await this.#drop(unit.data.name, unit.ledger);
  }

  async #drop(plugin: string, ledger: EffectLedger | undefined): Promise<void> {
    const { onHeld } = this.#options;
    for (const held of (await ledger?.close((late) => onHeld(plugin, late))) ?? []) onHeld(plugin, held);
  }

  /** Where the plugin is switched off: by its configuration, else by its manifest. Its code is not asked for its name. */
  async #isOff({ name, manifest, manifestFile }: PluginCandidate): Promise<string | undefined> {
    const configured = await this.#options.configs.pluginConfig(name, manifest?.manifest.aliases);
    if (configured.settings.enabled !== undefined) return offBy(configured);
    return manifest?.manifest.enabled === false ? offIn(manifestFile ?? 'its manifest') : undefined;
  }

  async #again(candidate: PluginCandidate, before: PluginUnit | undefined): Promise<ReadUnit | undefined> {
    const { inUse, loader } = this.#options;
    if (before === undefined || !inUse(before) || before.level !== (await this.#levelOf(candidate))) return undefined;
    const read = this.#memory.reads.get(before);
    // A schema that was put there is none of its own.
    const { config, ...own } = before.data;
    const data = read?.settings.config === undefined ? before.data : { ...own, config: undefined };
    if (!isDeepStrictEqual(await this.#dataSettings(data), read?.settings)) return undefined;
    return (await loader.prepare(candidate.entry)) === before.digest ? read : undefined;
  }

  async #levelOf(candidate: PluginCandidate): Promise<IsolationLevel> {
    if (await isSandboxed(candidate, this.#options.configs)) return 'process';
    const { manifest } = candidate.manifest ?? {};
    const asked = new Map(Object.entries(this.#options.isolation).map(([name, level]) => [canonicalName(name), level]));
    const chosen = [candidate.name, ...(manifest?.aliases ?? [])].map(canonicalName).find((name) => asked.has(name));
    return asked.get(chosen ?? '') ?? manifest?.isolation ?? asked.get('*') ?? 'inline';
  }

  async #unitOf(candidate: PluginCandidate): Promise<ReadUnit> {
    const { isolate, loader } = this.#options;
    const level = await this.#levelOf(candidate);
    if (level === 'process') {
      let settings: DataSettings = {};
      const read = await isolate(candidate, async (data) => {
        settings = await this.#dataSettings(data);
        return { ...data, ...settings };
      });
      return { ...read, settings };
    }
    if (level !== 'inline') throw errors.BP_ISOLATION_UNAVAILABLE({ plugin: candidate.name, level });
    const module = await loader.load(candidate.entry);
    return this.#orDrop(candidate.name, module.ledger, async () => {
      const plugin = findPlugin(module.exports, candidate.exportName, candidate.entry);
      const data = dataOf(plugin, candidate, candidate.name);
      const settings = await this.#dataSettings(data);
      const own = { ...data, ...settings };
      const unit = createInlineUnit(plugin, own, module.digest, candidate.origin, module.ledger);
      return { unit, inputs: module.inputs, settings };
    });
  }

  async #dataSettings({
    name,
    aliases,
    config: own,
  }: Omit<PluginData, 'config'> & Partial<PluginData>): Promise<DataSettings> {
    const { configs, registeredSchema } = this.#options;
    const { settings } = await configs.pluginConfig(name, aliases);
    const { priority, serviceIntegration: mounted, autoLoad } = settings;
    const config = own === undefined ? (registeredSchema?.(name) as PluginData['config']) : undefined;
    return {
      ...(priority !== undefined && { priority }),
      ...(mounted !== undefined && { mounted }),
      ...(autoLoad !== undefined && { autoLoad }),
      ...(config !== undefined && config !== null && { config }),
    };
  }

  async #orDrop<T>(plugin: string, ledger: EffectLedger | undefined, use: () => Promise<T>): Promise<T> {
    try {
      return await use();
    } catch (error) {
      await this.#drop(plugin, ledger);
      throw error;
    }
  }

  async #configure(unit: PluginUnit, origin: string): Promise<Loaded> {
    const { name, aliases, version, config: schema } = unit.data;
    const configured = await this.#options.configs.pluginConfig(name, aliases);
    const { enabled, version: range } = configured.settings;
    if (enabled === false || this.#memory.held.has(name)) {
      const reason = offBy(configured) ?? 'It was stopped by the program.';
      return { name, origin, outcome: 'disabled', reason };
    }
    if (range !== undefined && !satisfies(version, range, { includePrerelease: true })) {
      throw errors.BP_PLUGIN_VERSION_REFUSED({ plugin: name, found: version, range });
    }
    const { config, error } = await validatePluginConfig(configured, normalizeConfigSchema(schema));
    if (error) throw error;
    return { name, origin, outcome: 'ready', desired: { unit, config } };
  }
}

function offBy({ settings, origins }: PluginConfig): string | undefined {
  if (settings.enabled !== false) return undefined;
  const { file, line } = origins.get('/enabled') ?? {};
  return offIn(file === undefined ? 'its configuration' : placeName({ file, ...(line !== undefined && { line }) }));
}

const offIn = (place: string): string => `It is switched off by "enabled: false" in ${place}.`;

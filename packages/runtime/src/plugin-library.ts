import { type BackplaneError, canonicalName, isBackplaneError, messageOf } from '@backplane/base';
import { type ConfigSource, normalizeConfigSchema, validatePluginConfig } from '@backplane/config';
import { createDirectoryDiscoverer, type PluginCandidate } from '@backplane/discovery';
import { createInlineUnit, type DesiredPlugin } from '@backplane/kernel';
import { findPlugin, type Loader } from '@backplane/loader';
import type { IsolationLevel, Plugin } from '@backplane/plugin-api';
import type { EffectLedger, HeldEffect, PluginData, PluginUnit } from '@backplane/ports';
import { placeName, resolvePluginData, type SourceProblem } from '@backplane/wire';
import satisfies from 'semver/functions/satisfies.js';
import { errors } from './errors.ts';

/** A plugin that is there and cannot be used. */
export interface Refusal {
  readonly name: string;
  readonly origin: string;
  readonly error: BackplaneError;
}

export interface LoadedPlugins {
  readonly plugins: readonly DesiredPlugin[];
  readonly refusals: readonly Refusal[];
  /** Plugins that are there and switched off. */
  readonly disabled: readonly string[];
}

/** Reads a plugin's data and makes its unit without running its code in this process. */
export type Isolate = (candidate: PluginCandidate) => Promise<PluginUnit>;

export interface PluginLibraryOptions {
  readonly paths: readonly string[];
  /** Handed in by program. */
  readonly registered: readonly Plugin[];
  readonly loader: Loader;
  readonly configs: ConfigSource;
  readonly isolation: Readonly<Record<string, IsolationLevel>>;
  readonly isolate: Isolate;
  /** Told what code has left behind that was loaded and comes to no use. */
  readonly onHeld: (plugin: string, held: HeldEffect) => void;
}

/** Modules are read and evaluated this many at a time. */
const LOADING_AT_ONCE = 16;

type Loaded = { readonly name: string; readonly origin: string } & (
  | { readonly outcome: 'ready'; readonly desired: DesiredPlugin }
  | { readonly outcome: 'refused'; readonly error: BackplaneError }
  | { readonly outcome: 'disabled' }
);

/** Finds plugins, loads their code, and joins it with their manifest and configuration. */
export class PluginLibrary {
  readonly #options: PluginLibraryOptions;
  /** Where each plugin was last found, by the name its code gives. */
  readonly #origins = new Map<string, string>();

  constructor(options: PluginLibraryOptions) {
    this.#options = options;
  }

  /** Everything there is, each by itself: one that cannot be loaded does not stop the others. */
  async loadAll(): Promise<LoadedPlugins> {
    const { configs, registered } = this.#options;
    configs.refresh();
    const { candidates, problems } = await this.#discover();
    const loaded: Loaded[] = await Promise.all(registered.map((plugin) => this.#loadRegistered(plugin)));
    const waiting = candidates[Symbol.iterator]();
    const worker = async () => {
      for (const candidate of waiting) loaded.push(await this.#loadCandidate(candidate));
    };
    await Promise.all(Array.from({ length: LOADING_AT_ONCE }, worker));
    const refusals: Refusal[] = problems.map((problem) => ({
      name: problem.plugin ?? canonicalName(problem.origin ?? problem.code),
      origin: problem.origin ?? '',
      error: errors.BP_PLUGIN_METADATA({ plugin: problem.plugin ?? '', problems: [describe(problem)] }),
    }));
    for (const item of loaded) if (item.outcome === 'refused') refusals.push(item);
    const ready = loaded.filter((item) => item.outcome === 'ready');
    const { kept, rivals } = settleNames(ready);
    const dropped = rivals.length === 0 ? [] : ready.filter((item) => !kept.includes(item));
    for (const item of dropped) await this.#drop(item.name, item.desired.unit.ledger);
    for (const item of kept) this.#origins.set(item.name, item.origin);
    return {
      plugins: kept.map((item) => item.desired),
      refusals: [...refusals, ...rivals],
      disabled: loaded.filter((item) => item.outcome === 'disabled').map((item) => item.name),
    };
  }

  /** One plugin as it is now. @throws why it cannot be loaded */
  async load(name: string): Promise<DesiredPlugin> {
    const { configs, registered } = this.#options;
    configs.refresh();
    const program = registered.find((plugin) => canonicalName(plugin.name) === name);
    const loaded = program ? await this.#loadRegistered(program) : await this.#loadCandidate(await this.#find(name));
    if (loaded.outcome === 'refused') throw loaded.error;
    if (loaded.outcome === 'disabled') throw errors.BP_PLUGIN_DISABLED({ plugin: name });
    if (loaded.name !== name) {
      await this.#drop(loaded.name, loaded.desired.unit.ledger);
      throw errors.BP_PLUGIN_RENAMED({ asked: name, found: loaded.name, origin: loaded.origin });
    }
    this.#origins.set(loaded.name, loaded.origin);
    return loaded.desired;
  }

  /** Where the plugin folders hold a plugin of that file, manifest or package name, sound or not. */
  async whereIs(name: string): Promise<{ readonly name: string; readonly origin: string } | undefined> {
    const { candidates, problems } = await this.#discover();
    const problem = problems.find((item) => item.plugin === name);
    const origin = candidates.find((item) => item.name === name)?.origin ?? (problem && (problem.origin ?? ''));
    return origin === undefined ? undefined : { name, origin };
  }

  async #find(name: string): Promise<PluginCandidate> {
    const { candidates, problems } = await this.#discover();
    const origin = this.#origins.get(name);
    const found = candidates.find((item) => (origin === undefined ? item.name === name : item.origin === origin));
    if (found) return found;
    const problem = problems.find((item) => item.plugin === name || (origin !== undefined && item.origin === origin));
    if (problem) throw errors.BP_PLUGIN_METADATA({ plugin: name, problems: [describe(problem)] });
    throw errors.BP_PLUGIN_GONE({ plugin: name, origin: origin ?? 'any plugin folder' });
  }

  #discover() {
    return createDirectoryDiscoverer({ paths: this.#options.paths }).discover();
  }

  async #loadCandidate(candidate: PluginCandidate): Promise<Loaded> {
    const { origin } = candidate;
    return attempt(candidate.name, origin, async () => {
      if (await this.#isOff(candidate)) return { name: candidate.name, origin, outcome: 'disabled' };
      const unit = await this.#unitOf(candidate);
      return this.#orDrop(unit.data.name, unit.ledger, () => this.#configure(unit, origin));
    });
  }

  /** Whether the manifest switches the plugin off, and configuration does not switch it on. */
  async #isOff({ name, manifest }: PluginCandidate): Promise<boolean> {
    if (manifest?.manifest.enabled !== false) return false;
    const { settings } = await this.#options.configs.pluginConfig(name, manifest.manifest.aliases);
    return settings.enabled !== true;
  }

  #loadRegistered(plugin: Plugin): Promise<Loaded> {
    const origin = 'registered by program';
    return attempt(canonicalName(plugin.name), origin, async () => {
      const data = dataOf(plugin, undefined, plugin.name);
      return this.#configure(createInlineUnit(plugin, data, 'registered', origin), origin);
    });
  }

  async #unitOf(candidate: PluginCandidate): Promise<PluginUnit> {
    const { isolation, isolate, loader } = this.#options;
    const { manifest } = candidate.manifest ?? {};
    const chosen = [candidate.name, ...(manifest?.aliases ?? [])].find((name) => Object.hasOwn(isolation, name));
    const level = isolation[chosen ?? ''] ?? manifest?.isolation ?? isolation['*'] ?? ('inline' as const);
    if (level === 'process') return isolate(candidate);
    if (level !== 'inline') throw errors.BP_ISOLATION_UNAVAILABLE({ plugin: candidate.name, level });
    const module = await loader.load(candidate.entry);
    return this.#orDrop(candidate.name, module.ledger, async () => {
      const plugin = findPlugin(module.exports, candidate.exportName, candidate.entry);
      const data = dataOf(plugin, candidate, candidate.name);
      return createInlineUnit(plugin, data, module.digest, candidate.origin, module.ledger);
    });
  }

  async #orDrop<T>(plugin: string, ledger: EffectLedger | undefined, use: () => Promise<T>): Promise<T> {
    try {
      return await use();
    } catch (error) {
      await this.#drop(plugin, ledger);
      throw error;
    }
  }

  /** Ends code that comes to no use. */
  async #drop(plugin: string, ledger: EffectLedger | undefined): Promise<void> {
    const { onHeld } = this.#options;
    for (const held of (await ledger?.close((late) => onHeld(plugin, late))) ?? []) onHeld(plugin, held);
  }

  async #configure(unit: PluginUnit, origin: string): Promise<Loaded> {
    const { name, aliases, version, config: schema } = unit.data;
    const configured = await this.#options.configs.pluginConfig(name, aliases);
    const { enabled, version: range } = configured.settings;
    if (enabled === false) {
      await this.#drop(name, unit.ledger);
      return { name, origin, outcome: 'disabled' };
    }
    if (range !== undefined && !satisfies(version, range, { includePrerelease: true })) {
      throw errors.BP_PLUGIN_VERSION_REFUSED({ plugin: name, found: version, range });
    }
    const { config, error } = await validatePluginConfig(configured, normalizeConfigSchema(schema));
    if (error) throw error;
    return { name, origin, outcome: 'ready', desired: { unit, config } };
  }
}

/** The complete data of a plugin, from its code and its manifest. @throws BP_PLUGIN_METADATA with everything that is wrong */
export function dataOf(plugin: Plugin, candidate: PluginCandidate | undefined, fallbackName: string): PluginData {
  const { data, problems } = resolvePluginData(plugin, {
    manifest: candidate?.manifest,
    file: candidate?.entry,
    fallbackName,
  });
  if (data) return data;
  throw errors.BP_PLUGIN_METADATA({ plugin: candidate?.name ?? fallbackName, problems: problems.map(describe) });
}

function describe(problem: SourceProblem): string {
  const text = `${placeName(problem)}: ${problem.message}${problem.hint ? ` ${problem.hint}` : ''}`;
  return problem.frame ? `${text}\n${problem.frame}` : text;
}

async function attempt(name: string, origin: string, load: () => Promise<Loaded>): Promise<Loaded> {
  try {
    return await load();
  } catch (error) {
    if (isBackplaneError(error)) return { name, origin, outcome: 'refused', error: error as BackplaneError };
    // Whatever it is, it is the trouble of this plugin: the others start.
    const reason = messageOf(error);
    return {
      name,
      origin,
      outcome: 'refused',
      error: errors.BP_PLUGIN_LOAD_FAILED({ plugin: name, reason }, { cause: error }),
    };
  }
}

/** Names and aliases are known for sure only now that the code has spoken: rivals are all refused. */
function settleNames(ready: readonly Extract<Loaded, { outcome: 'ready' }>[]) {
  const claims = new Map<string, Set<(typeof ready)[number]>>();
  for (const item of ready) {
    for (const name of [item.name, ...item.desired.unit.data.aliases]) {
      claims.set(name, (claims.get(name) ?? new Set()).add(item));
    }
  }
  const rivals: Refusal[] = [];
  const refused = new Set<(typeof ready)[number]>();
  for (const [name, items] of claims) {
    if (items.size === 1) continue;
    const origins = [...items].map((item) => item.origin).sort();
    for (const item of items) {
      if (refused.has(item)) continue;
      refused.add(item);
      // Rivals of one name are one line in every report, which names them all.
      if (rivals.some((rival) => rival.name === item.name)) continue;
      rivals.push({ name: item.name, origin: item.origin, error: errors.BP_PLUGIN_NAME_TAKEN({ name, origins }) });
    }
  }
  return { kept: ready.filter((item) => !refused.has(item)), rivals };
}

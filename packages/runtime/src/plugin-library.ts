import { canonicalName } from '@backplane/base';
import { type ConfigSource, normalizeConfigSchema, type PluginConfig, validatePluginConfig } from '@backplane/config';
import type { DiscoveryProblem, PluginCandidate, PluginDiscoverer } from '@backplane/discovery';
import { createInlineUnit, type DesiredPlugin } from '@backplane/kernel';
import { findPlugin, type Loader } from '@backplane/loader';
import type { IsolationLevel, Plugin } from '@backplane/plugin-api';
import type { EffectLedger, HeldEffect, PluginData, PluginUnit } from '@backplane/ports';
import { placeName, resolvePluginData } from '@backplane/wire';
import satisfies from 'semver/functions/satisfies.js';
import { errors } from './errors.ts';
import { isManifest, type KnownPlugin, KnownPlugins, placeOf } from './known-plugins.ts';
import { attempt, describe, type Loaded, type LoadedPlugins, settle } from './loaded-plugin.ts';
import type { RegisteredPlugins } from './registered-plugins.ts';

/** Reads a plugin's data and makes its unit without running its code in this process. */
export type Isolate = (candidate: PluginCandidate) => Promise<ReadUnit>;

/** A unit, and the files that it was made of. */
export interface ReadUnit {
  readonly unit: PluginUnit;
  readonly inputs: readonly string[];
}

/** What becomes of plugins when files have changed. */
export interface ChangedPlugins extends LoadedPlugins {
  /** Names of plugins that are no longer there. */
  readonly gone: readonly string[];
  /** Names of plugins that are to be replaced, though their code may be the same. */
  readonly force: readonly string[];
}

export interface PluginLibraryOptions {
  readonly discoverer: PluginDiscoverer;
  /** Handed in by program. */
  readonly registered: RegisteredPlugins;
  readonly loader: Loader;
  readonly configs: ConfigSource;
  readonly isolation: Readonly<Record<string, IsolationLevel>>;
  readonly isolate: Isolate;
  /** Told what code has left behind that was loaded and comes to no use. */
  readonly onHeld: (plugin: string, held: HeldEffect) => void;
  /** The folder of the plugins' configuration files. */
  readonly configFolder: string;
}

/** Modules are read and evaluated this many at a time. */
const LOADING_AT_ONCE = 16;

/** Finds plugins, loads their code, and joins it with their manifest and configuration. */
export class PluginLibrary {
  readonly #options: PluginLibraryOptions;
  readonly #known: KnownPlugins;
  readonly #held = new Set<string>();
  /** Problems of discovery that have been told. */
  #told: ReadonlySet<string> = new Set();

  constructor(options: PluginLibraryOptions) {
    this.#options = options;
    this.#known = new KnownPlugins(options.configFolder);
  }

  /** Everything there is, each by itself: one that cannot be loaded does not stop the others. */
  async loadAll(): Promise<LoadedPlugins> {
    const { configs, registered } = this.#options;
    configs.refresh();
    const { candidates, problems } = await this.#discover();
    const program = await Promise.all(registered.wanted().map((plugin) => this.#loadRegistered(plugin)));
    const there = new Set(candidates.map(placeOf));
    for (const plugin of this.#known.all()) if (!there.has(placeOf(plugin.candidate))) this.#known.forget(plugin);
    this.#newProblems(problems);
    return this.#settle([...program, ...(await this.#loadMany(candidates))], problems);
  }

  /**
   * What has become of the plugins whose files these are. With `structural`, files or folders have come or gone: new plugins are found, and
   * those that are missing named. Nothing else is read.
   */
  async changed(paths: ReadonlySet<string>, structural: boolean): Promise<ChangedPlugins> {
    this.#options.configs.refresh();
    const looked = structural || [...paths].some(isManifest);
    const { candidates, problems } = looked ? await this.#discover() : { candidates: undefined, problems: [] };
    const concerned = new Map(
      this.#known.concernedBy(paths).map((plugin) => [placeOf(plugin.candidate), plugin.candidate]),
    );
    const gone: KnownPlugin[] = [];
    if (candidates !== undefined) {
      const there = new Map(candidates.map((candidate) => [placeOf(candidate), candidate]));
      for (const plugin of this.#known.all()) {
        const place = placeOf(plugin.candidate);
        if (there.has(place)) continue;
        concerned.delete(place);
        this.#known.forget(plugin);
        gone.push(plugin);
      }
      for (const [place, candidate] of there) {
        // One that has come, one whose entry is another file now, and a fresh look at the manifest of one that is concerned.
        if (this.#known.at(candidate)?.candidate.entry !== candidate.entry || concerned.has(place))
          concerned.set(place, candidate);
      }
    }
    const before = new Map([...concerned.values()].map((candidate) => [candidate, this.#known.at(candidate)?.name]));
    const loaded = await this.#loadMany([...concerned.values()]);
    const settled = await this.#settle(loaded, this.#newProblems(problems), this.#taken(new Set(concerned.keys())));
    const now = new Set([
      ...settled.plugins.map(({ unit }) => unit.data.name),
      ...[...settled.refusals, ...settled.disabled].map(({ name }) => name),
    ]);
    // One that calls itself something else now, is no longer there under its old name.
    const renamed = [...before.values()].filter((name) => name !== undefined && !now.has(name)) as string[];
    const left = [...gone.map(({ name }) => name), ...renamed].filter((name) => !now.has(name));
    const manifests = [...concerned.values()].filter(
      ({ manifestFile }) => manifestFile !== undefined && paths.has(manifestFile),
    );
    const force = manifests
      .flatMap((candidate) => this.#known.at(candidate)?.name ?? [])
      .filter((name) => now.has(name));
    return { ...settled, gone: left, force };
  }

  /** Those that have not been told yet. */
  #newProblems(problems: readonly DiscoveryProblem[]): DiscoveryProblem[] {
    const told = this.#told;
    this.#told = new Set(problems.map(describe));
    return problems.filter((problem) => !told.has(describe(problem)));
  }

  /** Names that belong to plugins elsewhere, and where those are. */
  #taken(apartFrom: ReadonlySet<string>): Map<string, string> {
    const others = this.#known.all().filter(({ candidate }) => !apartFrom.has(placeOf(candidate)));
    return new Map(
      others.flatMap(({ name, aliases, candidate }) => [name, ...aliases].map((one) => [one, candidate.origin])),
    );
  }

  /** Everything that plugins were made of. */
  files(): Iterable<string> {
    return this.#known.files();
  }

  /** Ends the code of rivals, which comes to no use. */
  async #settle(...read: Parameters<typeof settle>): Promise<LoadedPlugins> {
    const settled = settle(...read);
    const kept = new Set(settled.plugins);
    for (const item of read[0]) {
      if (item.outcome !== 'ready' || kept.has(item.desired)) continue;
      await this.#drop(item.name, item.desired.unit.ledger);
    }
    return settled;
  }

  async #loadMany(candidates: readonly PluginCandidate[]): Promise<Loaded[]> {
    const loaded: Loaded[] = [];
    const waiting = candidates[Symbol.iterator]();
    const worker = async () => {
      for (const candidate of waiting) loaded.push(await this.#loadCandidate(candidate));
    };
    await Promise.all(Array.from({ length: LOADING_AT_ONCE }, worker));
    return loaded;
  }

  /** One plugin as it is now. @throws why it cannot be loaded */
  async load(name: string): Promise<DesiredPlugin> {
    const { configs, registered } = this.#options;
    configs.refresh();
    const program = registered.get(name);
    const loaded = program ? await this.#loadRegistered(program) : await this.#loadCandidate(await this.#find(name));
    if (loaded.outcome === 'refused') throw loaded.error;
    if (loaded.outcome === 'disabled') throw errors.BP_PLUGIN_DISABLED({ plugin: name, reason: loaded.reason });
    if (loaded.name !== name) {
      await this.#drop(loaded.name, loaded.desired.unit.ledger);
      throw errors.BP_PLUGIN_RENAMED({ asked: name, found: loaded.name, origin: loaded.origin });
    }
    return loaded.desired;
  }

  /** Keeps a plugin of the folders from running, until it is let go: it counts as switched off. */
  hold(name: string, held: boolean): void {
    if (held) this.#held.add(name);
    else this.#held.delete(name);
  }

  /** Looks at what a plugin that was handed in says of itself. @throws BP_PLUGIN_METADATA */
  check(name: string): void {
    const plugin = this.#options.registered.get(name);
    if (plugin) dataOf(plugin, undefined, name);
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
    const origin = this.#known.named(name)?.candidate.origin;
    const found = candidates.find((item) => (origin === undefined ? item.name === name : item.origin === origin));
    if (found) return found;
    const problem = problems.find((item) => item.plugin === name || (origin !== undefined && item.origin === origin));
    if (problem) throw errors.BP_PLUGIN_METADATA({ plugin: name, problems: [describe(problem)] });
    throw errors.BP_PLUGIN_GONE({ plugin: name, origin: origin ?? 'any plugin folder' });
  }

  #discover() {
    return this.#options.discoverer.discover();
  }

  async #loadCandidate(candidate: PluginCandidate): Promise<Loaded> {
    const { origin, manifest } = candidate;
    const before = this.#known.at(candidate);
    let read: ReadUnit | undefined;
    const loaded = await attempt(before?.name ?? candidate.name, origin, async () => {
      const off = await this.#isOff(candidate);
      if (off !== undefined) return { name: candidate.name, origin, outcome: 'disabled', reason: off };
      const found = await this.#unitOf(candidate);
      read = found;
      return this.#orDrop(found.unit.data.name, found.unit.ledger, () => this.#configure(found.unit, origin));
    });
    const { name = loaded.name, aliases = manifest?.manifest.aliases ?? [] } = read?.unit.data ?? {};
    const { files } = await this.#options.configs.pluginConfig(name, aliases);
    this.#known.note({
      name,
      aliases,
      candidate,
      inputs: new Set(read?.inputs),
      configFiles: files,
      broken: read === undefined && loaded.outcome === 'refused',
    });
    return loaded;
  }

  /** Where the plugin is switched off: by its configuration, else by its manifest. Its code is not asked for its name. */
  async #isOff({ name, manifest, manifestFile }: PluginCandidate): Promise<string | undefined> {
    const configured = await this.#options.configs.pluginConfig(name, manifest?.manifest.aliases);
    if (configured.settings.enabled !== undefined) return offBy(configured);
    return manifest?.manifest.enabled === false ? offIn(manifestFile ?? 'its manifest') : undefined;
  }

  #loadRegistered(plugin: Plugin): Promise<Loaded> {
    const origin = 'registered by program';
    return attempt(canonicalName(plugin.name), origin, async () => {
      const data = dataOf(plugin, undefined, plugin.name);
      return this.#configure(createInlineUnit(plugin, data, 'registered', origin), origin);
    });
  }

  async #unitOf(candidate: PluginCandidate): Promise<ReadUnit> {
    const { isolation, isolate, loader } = this.#options;
    const { manifest } = candidate.manifest ?? {};
    const asked = new Map(Object.entries(isolation).map(([name, level]) => [canonicalName(name), level]));
    const chosen = [candidate.name, ...(manifest?.aliases ?? [])].map(canonicalName).find((name) => asked.has(name));
    const level = asked.get(chosen ?? '') ?? manifest?.isolation ?? asked.get('*') ?? ('inline' as const);
    if (level === 'process') return isolate(candidate);
    if (level !== 'inline') throw errors.BP_ISOLATION_UNAVAILABLE({ plugin: candidate.name, level });
    const module = await loader.load(candidate.entry);
    return this.#orDrop(candidate.name, module.ledger, async () => {
      const plugin = findPlugin(module.exports, candidate.exportName, candidate.entry);
      const data = dataOf(plugin, candidate, candidate.name);
      const unit = createInlineUnit(plugin, data, module.digest, candidate.origin, module.ledger);
      return { unit, inputs: module.inputs };
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
    if (enabled === false || this.#held.has(name)) {
      await this.#drop(name, unit.ledger);
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

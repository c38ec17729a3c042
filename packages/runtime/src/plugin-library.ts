import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@backplane/base';
import type { ConfigSource } from '@backplane/config';
import type { Discovery, DiscoveryProblem, PluginCandidate, PluginDiscoverer } from '@backplane/discovery';
import type { DesiredPlugin } from '@backplane/kernel';
import type { WantedState } from '@backplane/ports';
import { dataOf } from './data-of.ts';
import { errors } from './errors.ts';
import { isManifest, type KnownPlugin, KnownPlugins, placeOf } from './known-plugins.ts';
import { describe, type Loaded, type LoadedPlugins, namesOf, pluginOf, settle } from './loaded-plugin.ts';
import type { PluginReader, Reading } from './plugin-reader.ts';
import type { RegisteredPlugins } from './registered-plugins.ts';

/** What becomes of plugins when files have changed. */
export interface ChangedPlugins extends LoadedPlugins {
  /** Names of plugins that are no longer there. */
  readonly gone: readonly string[];
  /** Names of plugins that are to be replaced, though their code may be the same. */
  readonly force: readonly string[];
}

export interface PluginLibraryOptions {
  readonly discoverer: PluginDiscoverer;
  /** The same without what desired states name. */
  readonly folders: PluginDiscoverer;
  /** Handed in by program. */
  readonly registered: RegisteredPlugins;
  readonly configs: ConfigSource;
  readonly reader: PluginReader;
  /** The code that a state says a plugin has. */
  readonly wantedCode: (state: WantedState, name: string) => Promise<Discovery>;
  /** The folder of the plugins' configuration files. */
  readonly configFolder: string;
  /** The folder of the host's own. */
  readonly hostFolder: string;
  /** Told once what is wrong with a plugin folder as a whole, and which plugin takes long to be read. */
  readonly onTrouble: (message: string) => void;
  readonly clock: Clock;
}

/** What takes longer to be read is told. */
const SLOW_MS = 5000;

/** Modules are read and evaluated this many at a time. */
const LOADING_AT_ONCE = 16;

/** Finds plugins, and knows which files each was made of. */
export class PluginLibrary {
  readonly #options: PluginLibraryOptions;
  readonly #known: KnownPlugins;
  readonly #reader: PluginReader;
  /** Problems of discovery that have been told. */
  #told: ReadonlySet<string> = new Set();
  /** Names of what is there and could not be read. */
  #refused: ReadonlySet<string> = new Set();
  /** Names of all that is there. */
  #present: ReadonlySet<string> = new Set();

  constructor(options: PluginLibraryOptions) {
    this.#options = options;
    this.#reader = options.reader;
    this.#known = new KnownPlugins(options.configFolder, options.hostFolder);
  }

  /** Everything there is, each by itself: one that cannot be loaded does not stop the others. */
  async loadAll(): Promise<LoadedPlugins> {
    const { configs, registered } = this.#options;
    configs.refresh();
    const { candidates, problems } = await this.#discover();
    const program = await Promise.all(registered.wanted().map((plugin) => this.#reader.readRegistered(plugin)));
    const there = new Set(candidates.map(placeOf));
    for (const plugin of this.#known.all()) if (!there.has(placeOf(plugin.candidate))) this.#known.forget(plugin);
    this.#newProblems(problems);
    const loaded = await this.#loadMany(candidates);
    this.#names(problems);
    return this.#settle([...program, ...loaded], problems);
  }

  /**
   * What has become of the plugins whose files these are. With `structural`, files or folders have come or gone: new plugins are found, and
   * those that are missing named. Nothing else is read, but for those who claimed a name that is free now.
   */
  async changed(paths: ReadonlySet<string>, structural: boolean): Promise<ChangedPlugins> {
    this.#options.configs.refresh();
    const looked = structural || [...paths].some(isManifest);
    const found = looked ? await this.#discover() : undefined;
    const concerned = new Map(
      this.#known.concernedBy(paths).map((plugin) => [placeOf(plugin.candidate), plugin.candidate]),
    );
    const gone = found === undefined ? [] : this.#compare(found.candidates, concerned);
    const before = [...gone, ...[...concerned.values()].flatMap((candidate) => this.#known.at(candidate) ?? [])];
    const loaded = await this.#loadMany([...concerned.values()]);
    const heirs = this.#heirsOf(before, loaded, concerned);
    for (const candidate of heirs) concerned.set(placeOf(candidate), candidate);
    loaded.push(...(await this.#loadMany(heirs)));
    const news = found === undefined ? [] : this.#newProblems(found.problems);
    const settled = await this.#settle(loaded, news, this.#taken(new Set(concerned.keys())));
    const now = namesOf(settled);
    const left = this.#names(found?.problems).filter((name) => !now.has(name));
    const manifests = [...concerned.values()].filter(
      ({ manifestFile }) => manifestFile !== undefined && paths.has(manifestFile),
    );
    const force = manifests
      .flatMap((candidate) => this.#known.at(candidate)?.name ?? [])
      .filter((name) => now.has(name));
    return { ...settled, gone: left, force };
  }

  /** Adds to `concerned` what has come or has another entry, and a fresh look at what was in it; forgets what is missing, and gives it. */
  #compare(candidates: readonly PluginCandidate[], concerned: Map<string, PluginCandidate>): KnownPlugin[] {
    const there = new Map(candidates.map((candidate) => [placeOf(candidate), candidate]));
    const gone = this.#known.all().filter(({ candidate }) => !there.has(placeOf(candidate)));
    for (const plugin of gone) {
      concerned.delete(placeOf(plugin.candidate));
      this.#known.forget(plugin);
    }
    for (const [place, candidate] of there) {
      if (this.#known.at(candidate)?.candidate.entry !== candidate.entry || concerned.has(place))
        concerned.set(place, candidate);
    }
    return gone;
  }

  /** Plugins that were not read now and claim a name that those before them have given up. */
  #heirsOf(
    before: readonly KnownPlugin[],
    loaded: readonly Loaded[],
    read: ReadonlyMap<string, PluginCandidate>,
  ): PluginCandidate[] {
    const free = new Set(before.flatMap(({ name, aliases }) => [name, ...aliases]));
    for (const { name } of loaded) free.delete(name);
    const heirs = this.#known.all().filter(({ name, aliases, candidate }) => {
      return !read.has(placeOf(candidate)) && [name, ...aliases].some((one) => free.has(one));
    });
    return heirs.map(({ candidate }) => candidate);
  }

  /** Notes the names of all that is there, sound or not, and gives those that were there before and are no longer. */
  #names(problems: readonly DiscoveryProblem[] | undefined): string[] {
    const before = this.#present;
    if (problems !== undefined) this.#refused = new Set(problems.flatMap((problem) => pluginOf(problem) ?? []));
    this.#present = new Set([...this.#known.all().map(({ name }) => name), ...this.#refused]);
    return [...before].filter((name) => !this.#present.has(name));
  }

  /** Those that have not been told yet. What is wrong with a folder as a whole is no plugin's matter. */
  #newProblems(problems: readonly DiscoveryProblem[]): DiscoveryProblem[] {
    const told = this.#told;
    this.#told = new Set(problems.map(describe));
    const news = problems.filter((problem) => !told.has(describe(problem)));
    for (const problem of news) if (pluginOf(problem) === undefined) this.#options.onTrouble(describe(problem));
    return news;
  }

  /** Names that belong to plugins elsewhere, and where those are. */
  #taken(apartFrom: ReadonlySet<string>): Map<string, string> {
    const others = this.#known.all().filter(({ candidate }) => !apartFrom.has(placeOf(candidate)));
    return new Map(
      others.flatMap(({ name, aliases, candidate }) => [name, ...aliases].map((one) => [one, candidate.origin])),
    );
  }

  /** The file that the code of a plugin begins with; `undefined` for what was handed in by program. */
  entryOf(name: string): string | undefined {
    return this.#known.named(name)?.candidate.entry;
  }

  /** Everything that plugins were made of. */
  files(): Iterable<string> {
    return this.#known.files();
  }

  /** Ends code that was read and comes to no use, unless it is that which runs. */
  async discard({ plugins }: Pick<LoadedPlugins, 'plugins'>): Promise<void> {
    for (const { unit } of plugins) await this.#reader.discard(unit);
  }

  /** Ends the code of rivals, which comes to no use. */
  async #settle(...read: Parameters<typeof settle>): Promise<LoadedPlugins> {
    const settled = settle(...read);
    const kept = new Set(settled.plugins);
    for (const item of read[0]) {
      if (item.outcome !== 'ready' || kept.has(item.desired)) continue;
      await this.#reader.discard(item.desired.unit);
    }
    return settled;
  }

  async #loadMany(candidates: readonly PluginCandidate[]): Promise<Loaded[]> {
    const loaded: Loaded[] = [];
    const waiting = candidates[Symbol.iterator]();
    const worker = async () => {
      for (const candidate of waiting) loaded.push(await this.#loadCandidate(candidate, this.#known.at(candidate)));
    };
    await Promise.all(Array.from({ length: LOADING_AT_ONCE }, worker));
    return loaded;
  }

  /** Plugins as they would be under a state. What has no code any more is `gone`. Nothing takes effect. */
  async loadNamed(
    names: readonly string[],
    state: WantedState,
    reader: PluginReader,
  ): Promise<LoadedPlugins & { readonly gone: readonly string[] }> {
    const { registered, configs, wantedCode } = this.#options;
    configs.refresh();
    const gone: string[] = [];
    const loaded: Loaded[] = [];
    const problems: DiscoveryProblem[] = [];
    let found: Promise<Discovery> | undefined;
    for (const name of names) {
      const program = registered.get(name);
      if (program) {
        loaded.push(await reader.readRegistered(program));
        continue;
      }
      const { candidates, problems: own } = await wantedCode(state, name);
      problems.push(...own);
      found ??= this.#options.folders.discover();
      const candidate = candidates[0] ?? this.#named(name, (await found).candidates);
      for (const other of this.#known.all())
        if (other.name === name && (candidate === undefined || placeOf(other.candidate) !== placeOf(candidate)))
          this.#known.forget(other);
      if (candidate) {
        const before = this.#known.at(candidate)?.unit?.deref();
        loaded.push(await this.#note(candidate, await reader.read(candidate, name, before)));
      } else if (own.length === 0) gone.push(name);
    }
    const { plugins, refusals, disabled } = await this.#settle(loaded, problems);
    return { plugins, refusals, disabled, gone };
  }

  /** The one that is known by this name, though it be called otherwise where it lies. */
  #named(name: string, candidates: readonly PluginCandidate[]): PluginCandidate | undefined {
    const known = this.#known.all().filter((plugin) => plugin.name === name);
    const places = new Set(known.map(({ candidate }) => placeOf(candidate)));
    return (
      candidates.find((candidate) => places.has(placeOf(candidate))) ??
      candidates.find((candidate) => candidate.name === name)
    );
  }

  /** One plugin as it is now. @throws why it cannot be loaded */
  async load(name: string): Promise<DesiredPlugin> {
    const { configs, registered } = this.#options;
    configs.refresh();
    const program = registered.get(name);
    const loaded = program
      ? await this.#reader.readRegistered(program)
      : await this.#loadCandidate(await this.#find(name));
    if (loaded.outcome === 'refused') throw loaded.error;
    if (loaded.outcome === 'disabled') throw errors.BP_PLUGIN_DISABLED({ plugin: name, reason: loaded.reason });
    if (loaded.name !== name) {
      await this.#reader.discard(loaded.desired.unit);
      throw errors.BP_PLUGIN_RENAMED({ asked: name, found: loaded.name, origin: loaded.origin });
    }
    return loaded.desired;
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

  /** With `before`, code that is the same is not evaluated again. */
  async #loadCandidate(candidate: PluginCandidate, before?: KnownPlugin): Promise<Loaded> {
    const name = this.#known.at(candidate)?.name ?? candidate.name;
    const same =
      before !== undefined && isDeepStrictEqual(before.candidate, candidate) ? before.unit?.deref() : undefined;
    const { clock, onTrouble } = this.#options;
    const slow = clock.after(SLOW_MS, () =>
      onTrouble(
        `Plugin "${name}" (${candidate.origin}) is still being read after ${SLOW_MS / 1000} s; the others wait for it.`,
      ),
    );
    try {
      return await this.#note(candidate, await this.#reader.read(candidate, name, same));
    } finally {
      slow.cancel();
    }
  }

  async #note(candidate: PluginCandidate, { loaded, read }: Reading): Promise<Loaded> {
    const { name = loaded.name, aliases = candidate.manifest?.manifest.aliases ?? [] } = read?.unit.data ?? {};
    const { files } = await this.#options.configs.pluginConfig(name, aliases);
    this.#known.note({
      name,
      aliases,
      candidate,
      inputs: new Set(read?.inputs),
      configFiles: files,
      unit: read && new WeakRef(read.unit),
      broken: read === undefined && loaded.outcome === 'refused',
    });
    return loaded;
  }
}

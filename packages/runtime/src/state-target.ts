import type { ConfigLayer, ConfigSource } from '@backplane/config';
import type { Change, Kernel } from '@backplane/kernel';
import type { ChangeTarget, PreparedChange, WantedState } from '@backplane/ports';
import { namesInChange } from './fresh-change.ts';
import type { LoadedPlugins } from './loaded-plugin.ts';
import type { PluginEpochs } from './plugin-epochs.ts';
import type { PluginLibrary } from './plugin-library.ts';
import type { PluginReader } from './plugin-reader.ts';
import type { SchemaBook } from './schema-book.ts';

export interface StateTargetOptions {
  readonly kernel: Kernel;
  readonly library: PluginLibrary;
  readonly reader: PluginReader;
  readonly configs: ConfigSource;
  readonly schemas: SchemaBook;
  readonly epochs: PluginEpochs;
  /** What lies over the files under a state. */
  readonly layersUnder: (state: WantedState) => (plugin: string) => readonly ConfigLayer[];
}

/** Brings desired states to the kernel. */
export class StateTarget implements ChangeTarget {
  readonly #options: StateTargetOptions;

  constructor(options: StateTargetOptions) {
    this.#options = options;
  }

  get ready(): boolean {
    return this.#options.kernel.ready;
  }

  pinnedBy(plugin: string, key: string): string | undefined {
    const { kernel, configs } = this.#options;
    const aliases = kernel.knows(plugin) ? (kernel.dataOf(plugin)?.aliases ?? []) : [];
    return configs.pinnedBy([plugin, ...aliases], key);
  }

  schemaOf(plugin: string) {
    return this.#options.schemas.of(plugin);
  }

  async prepare(state: WantedState, names: readonly string[]): Promise<PreparedChange> {
    const { epochs } = this.#options;
    const since = epochs.now;
    const loaded = await this.#read(state, names);
    return new Prepared(this.#options, loaded, { names, since, again: () => this.#read(state, names) });
  }

  #read(state: WantedState, names: readonly string[]): Promise<LoadedPlugins & { readonly gone: readonly string[] }> {
    const { library, reader, configs, layersUnder } = this.#options;
    return library.loadNamed(
      names,
      state,
      reader.under(configs.under(layersUnder(state)), (name) => state.plugins[name]?.about?.config_schema),
    );
  }
}

type Read = LoadedPlugins & { readonly gone: readonly string[] };

interface Reading {
  readonly names: readonly string[];
  readonly since: number;
  again(): Promise<Read>;
}

class Prepared implements PreparedChange {
  readonly #options: StateTargetOptions;
  readonly #reading: Reading;
  #read: Read;

  constructor(options: StateTargetOptions, read: Read, reading: Reading) {
    this.#options = options;
    this.#read = read;
    this.#reading = reading;
  }

  get refusals() {
    return this.#read.refusals.map(({ name, error }) => ({ plugin: name, error }));
  }

  plan() {
    return this.#options.kernel.plan(this.#change());
  }

  async apply() {
    const { epochs, kernel } = this.#options;
    const { names, since, again } = this.#reading;
    // A file was saved while this was thought through: its code is to run under this state.
    for (let at = since; !epochs.isFresh(names, at); ) {
      at = epochs.now;
      await this.discard();
      this.#read = await again();
    }
    const change = this.#change();
    epochs.stamp(namesInChange(change));
    return kernel.apply(change);
  }

  async discard() {
    for (const { unit } of this.#read.plugins) await this.#options.reader.discard(unit);
  }

  #change(): Change {
    const { plugins, disabled, gone, refusals } = this.#read;
    return {
      set: plugins,
      disable: disabled,
      remove: gone,
      refuse: refusals,
      atomic: true,
      reason: 'What is to run was changed.',
    };
  }
}

import { canonicalName, isBackplaneError } from '@backplane/base';
import type { Change, Kernel } from '@backplane/kernel';
import type { IsolationLevel, Logger } from '@backplane/plugin-api';
import type { ChangeReport, PlanStep } from '@backplane/ports';
import { type Applying, applyFresh } from './fresh-change.ts';
import { type LoadedPlugins, namesOf } from './loaded-plugin.ts';
import type { PluginLibrary } from './plugin-library.ts';

export interface FileChangesOptions {
  readonly kernel: Kernel;
  readonly library: PluginLibrary;
  readonly state: Applying;
  readonly loaded: { gather(): Promise<string[]> };
  /** As the operator asked for it. */
  readonly isolation: Readonly<Record<string, IsolationLevel>>;
  readonly logger: Logger;
}

const BOOT = 'The host started.';

/** Makes what runs equal to the plugin folders: at the start, and when somebody asks. */
export class FileChanges {
  readonly #options: FileChangesOptions;
  #booted = false;
  #configuring: Promise<void> = Promise.resolve();

  constructor(options: FileChangesOptions) {
    this.#options = options;
  }

  /** Everything there is, as the first generation. */
  async boot(): Promise<void> {
    const { state, library } = this.#options;
    const loaded = await this.#configured(await library.loadAll());
    await state.apply({ ...toChange(loaded), reason: BOOT });
    this.#warnOfStrangers(loaded);
    this.#booted = true;
    this.configurationDue();
  }

  /** Infrastructure starts first, where there is any: it may have configuration for the others, which are read again then. */
  async #configured(loaded: LoadedPlugins): Promise<LoadedPlugins> {
    const { state, library, kernel, loaded: layers } = this.#options;
    const early = loaded.plugins.filter(({ unit }) => unit.data.phase === 'infrastructure');
    if (early.length === 0) return loaded;
    await state.apply({ set: early, partial: true, reason: BOOT });
    if (!kernel.configLoad.due || (await layers.gather()).length === 0) return loaded;
    await library.discard(loaded);
    return library.loadAll();
  }

  /** Handlers of `config.load` have come, gone, or would answer otherwise: plugins that are configured otherwise now get it. Nobody waits for it. */
  configurationDue(): void {
    const { kernel, logger } = this.#options;
    if (!this.#booted || !kernel.configLoad.due) return;
    this.#configuring = this.#configuring
      .then(() => this.#configure())
      .catch((error: unknown) => logger.error('What plugins gave as configuration could not be applied.', { error }));
  }

  /** Resolves when nothing of that is under way. */
  async settled(): Promise<void> {
    await this.#configuring;
  }

  async #configure(): Promise<void> {
    const { kernel, loaded: layers } = this.#options;
    if (!kernel.configLoad.due) return;
    for (const name of await layers.gather()) if (kernel.knows(name)) await this.#reconfigure(name);
  }

  async #reconfigure(name: string): Promise<void> {
    const { library } = this.#options;
    const { origin } = this.#options.kernel.pluginStatus(name);
    await applyFresh(this.#options.state, async () => {
      try {
        return { set: [await library.load(name)], reason: 'A plugin gave other configuration.' };
      } catch (error) {
        if (isBackplaneError(error, 'BP_PLUGIN_DISABLED')) return undefined;
        return { refuse: [{ name, origin, error: error as never }] };
      }
    });
  }

  /** Looks again at everything. */
  rescan(): Promise<ChangeReport> {
    return this.#apply(async () => (await this.#everything()).change);
  }

  /** What `rescan` would do. Code that was read for it comes to no use. */
  async planRescan(): Promise<PlanStep[]> {
    const { kernel, library } = this.#options;
    const { change, loaded } = await this.#everything();
    try {
      return kernel.plan(change);
    } finally {
      await library.discard(loaded);
    }
  }

  async #everything(): Promise<{ readonly change: Change; readonly loaded: LoadedPlugins }> {
    const { kernel, library } = this.#options;
    const loaded = await library.loadAll();
    const there = namesOf(loaded);
    const gone = kernel.status().flatMap(({ name }) => (there.has(name) ? [] : [name]));
    return {
      loaded,
      change: { ...toChange(loaded), remove: gone, reason: 'The plugin folders were read again.' },
    };
  }

  /** Replaces one plugin, whether it has changed or not. @throws BP_PLUGIN_UNKNOWN, BP_PLUGIN_DISABLED where it does not run */
  async reload(nameOrAlias: string): Promise<ChangeReport> {
    const { kernel, library } = this.#options;
    const { name, origin } = await this.#whereIs(nameOrAlias);
    let refusal: unknown;
    const report = await this.#apply(async () => {
      refusal = undefined;
      try {
        return { set: [await library.load(name)], force: [name], reason: 'It was reloaded.' };
      } catch (error) {
        if (!isBackplaneError(error)) throw error;
        if (!isBackplaneError(error, 'BP_PLUGIN_DISABLED'))
          return { refuse: [{ name, origin, error: error as never }] };
        if (!kernel.running.includes(name)) refusal = error;
        const { reason } = error.details as { readonly reason: string };
        return { disable: [{ name, origin, reason }] };
      }
    });
    if (refusal !== undefined) throw refusal;
    return report;
  }

  async #apply(read: () => Promise<Change>): Promise<ChangeReport> {
    return (await applyFresh(this.#options.state, read)) as ChangeReport;
  }

  /** A plugin that was put there after the start is known to the folders only. */
  async #whereIs(nameOrAlias: string): Promise<{ readonly name: string; readonly origin: string }> {
    const { kernel, library } = this.#options;
    try {
      return kernel.pluginStatus(nameOrAlias);
    } catch (unknown) {
      const found = await library.whereIs(canonicalName(nameOrAlias));
      if (found === undefined) throw unknown;
      return found;
    }
  }

  /** A misspelt name would leave a plugin where its operator does not want it. */
  #warnOfStrangers(loaded: LoadedPlugins): void {
    const { isolation, logger } = this.#options;
    const known = namesOf(loaded).add('*');
    for (const { unit } of loaded.plugins) for (const alias of unit.data.aliases) known.add(alias);
    for (const name of Object.keys(isolation)) {
      if (!known.has(canonicalName(name))) logger.warn(`Isolation is asked for plugin "${name}", which is not there.`);
    }
  }
}

const toChange = ({ plugins, refusals, disabled }: LoadedPlugins): Change => ({
  set: plugins,
  refuse: refusals,
  disable: disabled,
});

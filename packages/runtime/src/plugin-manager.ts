import { type BackplaneError, canonicalName, isBackplaneError } from '@backplane/base';
import type { Kernel } from '@backplane/kernel';
import type { Plugin, PluginBase, PluginClass } from '@backplane/plugin-api';
import type { ChangeReport, PluginStatus } from '@backplane/ports';
import { errors } from './errors.ts';
import { type Applying, applyFresh } from './fresh-change.ts';
import type { PluginLibrary } from './plugin-library.ts';
import type { PluginReader } from './plugin-reader.ts';
import type { RegisteredPlugins } from './registered-plugins.ts';

/** A plugin as the embedding program holds it. */
export interface ManagedPlugin {
  readonly name: string;
  /** As it is now. @throws BP_PLUGIN_UNKNOWN once it has been unloaded */
  readonly status: PluginStatus;
  /** Its service, by id or by the name without the plugin's: each call goes to the version that serves then. */
  getService<T extends object = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>>(
    name: string,
  ): T;
}

export interface PluginManagerOptions {
  readonly kernel: Kernel;
  readonly library: PluginLibrary;
  readonly state: Applying;
  readonly reader: PluginReader;
  readonly registered: RegisteredPlugins;
  readonly reload: (name: string) => Promise<ChangeReport>;
}

/**
 * Plugins and services by program, before the host starts and while it runs. Each change is one generation, and rejects where what it is
 * about does not come to pass.
 */
export class PluginManager {
  readonly #options: PluginManagerOptions;

  constructor(options: PluginManagerOptions) {
    this.#options = options;
  }

  /**
   * Takes in a plugin that has been made: what `definePlugin` gave, or an object of a plugin class. It runs from `startPlugin` on. An object
   * is one instance: it is replaced by stopping it first. Gives its name; `name` is one more alias.
   * @throws BP_PLUGIN_REGISTERED, BP_PLUGIN_METADATA
   */
  async loadPluginInstance(plugin: Plugin | PluginBase, name?: string): Promise<string> {
    return this.#load(plugin, name);
  }

  /** The same for a class, of which every instance is a new object. */
  async registerPluginClass(name: string, Class: PluginClass): Promise<string> {
    return this.#load(Class, name);
  }

  /** Offers a service of the program's own to plugins, in place of one of that id. @throws BP_SERVICE_PROVIDED when a plugin provides it */
  async registerService(id: string, implementation: object): Promise<void> {
    const { kernel } = this.#options;
    const [provider] = (await kernel.services.discover({ name: id })).filter(({ plugin }) => plugin !== 'host');
    if (provider?.id === id) throw errors.BP_SERVICE_PROVIDED({ service: id, plugin: provider.plugin });
    kernel.hostServices.set(id, implementation);
    await this.#swap(`Service ${id} was registered.`);
  }

  /** @throws BP_SERVICE_NEEDED naming the plugins that could not run without it */
  async unregisterService(id: string): Promise<void> {
    const { kernel } = this.#options;
    const needing = kernel.running.filter((name) =>
      kernel.dataOf(name)?.needs.some(({ serviceId, mode }) => serviceId === id && mode !== 'optional'),
    );
    if (needing.length > 0) throw errors.BP_SERVICE_NEEDED({ service: id, plugins: needing });
    kernel.hostServices.delete(id);
    await this.#swap(`Service ${id} was taken back.`);
  }

  /** Runs a plugin: one that was handed in, or one of the plugin folders. Before the host starts, it says that it is to run. @throws why it does not */
  async startPlugin(nameOrAlias: string): Promise<ManagedPlugin> {
    const { kernel, library, state, reader, registered } = this.#options;
    const name = this.#nameOf(nameOrAlias);
    registered.want(name, true);
    reader.hold(name, false);
    if (kernel.ready) {
      const report = await applyFresh(state, async () => {
        return { set: [await library.load(name)], force: [name], reason: 'It was started.' };
      });
      refuseFailed(name, report as ChangeReport, kernel);
    }
    return this.#managed(name);
  }

  /** Stops a plugin, and those that depend on it, with the reason. It stays known, and does not start again by itself. */
  async stopPlugin(nameOrAlias: string): Promise<void> {
    const { kernel, state, reader, registered } = this.#options;
    const name = this.#nameOf(nameOrAlias);
    registered.want(name, false);
    reader.hold(name, true);
    if (!kernel.knows(name)) return;
    const { origin } = kernel.pluginStatus(name);
    state.epochs.stamp([name]);
    await state.apply({ disable: [{ name, origin, reason: 'It was stopped by the program.' }] });
  }

  /** Stops a plugin that was handed in, and forgets it. */
  async unloadPlugin(nameOrAlias: string): Promise<void> {
    const name = this.#nameOf(nameOrAlias);
    const { kernel, state, registered } = this.#options;
    await this.stopPlugin(name);
    registered.remove(name);
    state.epochs.stamp([name]);
    if (kernel.knows(name)) await state.apply({ remove: [name], reason: `Plugin "${name}" was unloaded.` });
  }

  /** Replaces a plugin by a fresh instance, of its code and configuration as they are now. @throws why the old one serves on */
  async reloadPlugin(nameOrAlias: string): Promise<ManagedPlugin> {
    const name = this.#nameOf(nameOrAlias);
    refuseFailed(name, await this.#options.reload(name), this.#options.kernel);
    return this.#managed(name);
  }

  /** `undefined` for one that is not there. */
  getPlugin(nameOrAlias: string): ManagedPlugin | undefined {
    const name = this.#options.registered.nameOf(nameOrAlias) ?? this.#running(nameOrAlias);
    return name === undefined ? undefined : this.#managed(name);
  }

  listPlugins(): PluginStatus[] {
    return this.#options.kernel.status();
  }

  async #load(plugin: Plugin | PluginBase | PluginClass, name: string | undefined): Promise<string> {
    const { registered, library, kernel } = this.#options;
    const own = registered.add(plugin, name, false);
    try {
      if (kernel.knows(own)) throw errors.BP_PLUGIN_REGISTERED({ name: own, origin: kernel.pluginStatus(own).origin });
      library.check(own);
    } catch (error) {
      registered.remove(own);
      throw error;
    }
    return own;
  }

  #nameOf(nameOrAlias: string): string {
    return this.#options.registered.nameOf(nameOrAlias) ?? this.#running(nameOrAlias) ?? canonicalName(nameOrAlias);
  }

  #running(nameOrAlias: string): string | undefined {
    try {
      const { name, state } = this.#options.kernel.pluginStatus(nameOrAlias);
      // One that was removed is still shown while it drains.
      return state.phase === 'stopped' || state.phase === 'disabled' ? undefined : name;
    } catch (error) {
      if (isBackplaneError(error, 'BP_PLUGIN_UNKNOWN')) return undefined;
      throw error;
    }
  }

  #managed(name: string): ManagedPlugin {
    const { kernel } = this.#options;
    return {
      name,
      get status() {
        return kernel.pluginStatus(name);
      },
      getService: (service) => kernel.serviceHandle(service.includes('.') ? service : `${name}.${service}`) as never,
    };
  }

  async #swap(reason: string): Promise<void> {
    const { kernel } = this.#options;
    if (kernel.ready) await kernel.apply({ reason });
  }
}

/** A change that was made, and left the plugin not running. */
function refuseFailed(name: string, { steps }: ChangeReport, kernel: Kernel): void {
  const step = steps.find((one) => one.name === name);
  const { state, reason } = kernel.pluginStatus(name);
  if ((step === undefined || step.outcome === 'applied') && (state.phase === 'running' || state.phase === 'dormant'))
    return;
  const failure = step?.failure ?? ('failure' in state ? state.failure : undefined);
  throw errors.BP_PLUGIN_NOT_STARTED({
    plugin: name,
    code: failure?.code ?? 'BP_PLUGIN_UNAVAILABLE',
    reason: failure?.message ?? reason,
  }) as BackplaneError;
}

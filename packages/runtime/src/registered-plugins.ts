import { canonicalName } from '@backplane/base';
import {
  isPluginClass,
  type Plugin,
  type PluginBase,
  type PluginClass,
  pluginFromClass,
  pluginFromInstance,
} from '@backplane/plugin-api';
import { errors } from './errors.ts';

/** What can be handed in by program. */
export type PluginInput = Plugin | PluginClass | PluginBase;

interface Registered {
  readonly plugin: Plugin;
  /** Whether it runs, as soon as the host does. */
  wanted: boolean;
}

/** The plugins that were handed in by program, by canonical name. */
export class RegisteredPlugins {
  readonly #plugins = new Map<string, Registered>();

  constructor(plugins: readonly PluginInput[] = []) {
    for (const plugin of plugins) this.add(plugin, undefined, true);
  }

  /** Takes a plugin in and gives its name. Another `name` than its own is one more alias. @throws BP_PLUGIN_REGISTERED, BP_PLUGIN_METADATA */
  add(input: PluginInput, name: string | undefined, wanted: boolean): string {
    const plugin = called(asPlugin(input), name);
    const own = canonicalName(plugin.name);
    if (this.#plugins.has(own)) {
      throw errors.BP_PLUGIN_REGISTERED({ name: own, origin: 'registered by program' });
    }
    this.#plugins.set(own, { plugin, wanted });
    return own;
  }

  /** False where no such plugin was registered. */
  want(name: string, wanted: boolean): boolean {
    const registered = this.#plugins.get(name);
    if (registered) registered.wanted = wanted;
    return registered !== undefined;
  }

  remove(name: string): void {
    this.#plugins.delete(name);
  }

  get(name: string): Plugin | undefined {
    return this.#plugins.get(name)?.plugin;
  }

  /** Those that are to run. */
  wanted(): Plugin[] {
    return [...this.#plugins.values()].filter(({ wanted }) => wanted).map(({ plugin }) => plugin);
  }

  /** The canonical name for a name or alias. */
  nameOf(nameOrAlias: string): string | undefined {
    const wanted = canonicalName(nameOrAlias);
    for (const [name, { plugin }] of this.#plugins) {
      if (name === wanted || plugin.aliases?.some((alias) => canonicalName(alias) === wanted)) return name;
    }
    return undefined;
  }
}

function asPlugin(input: PluginInput): Plugin {
  const plugin = madePlugin(input);
  if (typeof plugin?.name === 'string' && typeof plugin.initialize === 'function') return plugin;
  const problems = [
    'What was handed in is no plugin: it is what definePlugin() gives, an object of a plugin class, or the class.',
  ];
  throw errors.BP_PLUGIN_METADATA({ plugin: String(plugin?.name ?? 'unnamed'), problems });
}

function madePlugin(input: PluginInput | null | undefined): Plugin | null | undefined {
  if (typeof input !== 'object' && typeof input !== 'function') return undefined;
  if (input === null) return input;
  if (isPluginClass(input)) return pluginFromClass(input);
  return 'begin' in input ? pluginFromInstance(input) : input;
}

function called(plugin: Plugin, name: string | undefined): Plugin {
  if (name === undefined || canonicalName(name) === canonicalName(plugin.name)) return plugin;
  return { ...plugin, aliases: [...(plugin.aliases ?? []), name] };
}

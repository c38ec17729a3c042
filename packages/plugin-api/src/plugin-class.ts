import { adopt } from './adopt.ts';
import type { ConfigSchema, InferConfig } from './config-schema.ts';
import type { DatabaseMigration } from './database.ts';
import {
  definePlugin,
  type Plugin,
  type PluginLifecycle,
  type PluginMetadata,
  type ReconfigureAnswer,
} from './define-plugin.ts';
import type { HealthAnswer } from './health.ts';
import { kindsOf } from './kinds.ts';
import { type KindContext, lowerKinds } from './lower-kinds.ts';
import { hearsEvents } from './method-marks.ts';
import type { Handover, PluginContext } from './plugin-context.ts';
import { provideGroups, serviceGroups } from './service-group.ts';
import type { Needs } from './service-ref.ts';

/**
 * The class form of a plugin: give it a static `metadata` (and `config`, `needs` where it has them), override what it needs, and export it.
 * Annotate `metadata` with `PluginMetadata`, so that a misspelt key is found; `S` and `N` are the types of `config` and `needs`.
 * The host makes one object per instance. Fields are set in `initialize`; `this.context` is there from then on.
 */
export abstract class PluginBase<S extends ConfigSchema = Record<never, never>, N extends Needs = Record<never, never>>
  implements PluginLifecycle<InferConfig<S>>
{
  static readonly metadata?: PluginMetadata;
  static readonly config?: ConfigSchema;
  static readonly needs?: Needs;
  static readonly migrations?: readonly DatabaseMigration[];

  #context: PluginContext<InferConfig<S>, N> | undefined;

  /** @throws Error when read before `initialize`. */
  protected get context(): PluginContext<InferConfig<S>, N> {
    if (this.#context === undefined)
      throw new Error('The context is there from initialize() on, not in the constructor.');
    return this.#context;
  }

  /** As `initialize` of `definePlugin`. */
  initialize(_context: PluginContext<InferConfig<S>, N>): void | Promise<void> {}
  /** As in `PluginLifecycle`, like everything below. */
  start(_handover: Handover): void | Promise<void> {}
  stop(): void | Promise<void> {}
  health(): HealthAnswer | Promise<HealthAnswer> {
    return true;
  }
  handOver(): unknown {
    return undefined;
  }
  /** Not there unless the class has it: it says that new configuration is taken in place. */
  reconfigure?(next: InferConfig<S>, previous: InferConfig<S>): ReconfigureAnswer | Promise<ReconfigureAnswer>;

  /** Takes the context, then calls `initialize`. The host calls this, once. */
  async begin(context: PluginContext<InferConfig<S>, N>): Promise<void> {
    this.#context = context;
    await this.initialize(context);
  }
}

/** A concrete subclass of `PluginBase` with its static data. */
export interface PluginClass {
  readonly metadata: PluginMetadata;
  readonly config?: ConfigSchema;
  readonly needs?: Needs;
  readonly migrations?: readonly DatabaseMigration[];
  /** Metadata that a base class gives to all that extend it. */
  readonly classDefaults?: Partial<PluginMetadata>;
  // biome-ignore lint/suspicious/noExplicitAny: config and needs are those of the subclass
  new (): PluginBase<any, any>;
  readonly prototype: object;
}

/** Makes the same data from a class that `definePlugin` makes from an object. Whatever callbacks of kinds it has, it is of those kinds. */
export function pluginFromClass(Class: PluginClass): Plugin {
  return pluginOf(Class, () => new Class(), {});
}

/**
 * Makes a plugin of an object that exists already. There is one of it, so a new version of it cannot stand beside the old one: it is stopped first,
 * and begun again.
 */
export function pluginFromInstance(plugin: PluginBase): Plugin {
  return pluginOf(plugin.constructor as unknown as PluginClass, () => plugin, { replace: 'stop-first' });
}

// biome-ignore lint/suspicious/noExplicitAny: config and needs are those of the class
function pluginOf(Class: PluginClass, make: () => PluginBase<any, any>, rule: Pick<PluginMetadata, 'replace'>): Plugin {
  const metadata: PluginMetadata = { ...Class.classDefaults, ...Class.metadata };
  const kinds = new Set([
    ...(Class.classDefaults?.kinds ?? []),
    ...(Class.metadata.kinds ?? []),
    ...kindsOf(Class.prototype),
    ...(hearsEvents(Class.prototype) ? (['event_handler'] as const) : []),
  ]);
  const groups = serviceGroups(metadata.name, Class.prototype);
  return definePlugin({
    ...metadata,
    ...rule,
    ...(groups.size > 0 && { provides: [...(metadata.provides ?? []), ...groups.keys()] }),
    ...(kinds.size > 0 && { kinds: [...kinds] }),
    ...(Class.config && { config: Class.config }),
    ...(Class.needs && { needs: Class.needs }),
    ...(Class.migrations && { migrations: Class.migrations }),
    async initialize(context) {
      const plugin = make();
      adopt(context, plugin);
      await plugin.begin(context);
      provideGroups(context, plugin, groups);
      lowerKinds(context as KindContext, plugin);
      return {
        start: (handover) => plugin.start(handover),
        stop: () => plugin.stop(),
        health: () => plugin.health(),
        handOver: () => plugin.handOver(),
        ...(plugin.reconfigure && { reconfigure: (next, previous) => plugin.reconfigure?.(next, previous) }),
      };
    },
  });
}

/** True for a class that extends `PluginBase`, of this or any other copy of the package. */
export function isPluginClass(value: unknown): value is PluginClass {
  return typeof value === 'function' && 'metadata' in value && typeof value.prototype?.begin === 'function';
}

import { adopt } from './adopt.ts';
import type { ConfigSchema, InferConfig } from './config-schema.ts';
import type { DatabaseMigration } from './database.ts';
import { apiErrors } from './errors.ts';
import type { HealthAnswer } from './health.ts';
import type { KindCallbacks } from './kinds.ts';
import { type KindContext, lowerKinds } from './lower-kinds.ts';
import { hearsEvents } from './method-marks.ts';
import type { Handover, PluginContext } from './plugin-context.ts';
import { isServiceClass, type ServiceClass, serviceIdOf } from './service-class.ts';
import type { Needs, ServiceRef } from './service-ref.ts';

/** Start order, first to last. Inside a phase: dependencies, then priority, then name. */
export type Phase = 'infrastructure' | 'security' | 'middleware' | 'business';

/** What the plugin does besides being one. A plugin may be several kinds at once. */
export type PluginKind =
  | 'service'
  | 'middleware'
  | 'event_handler'
  | 'health'
  | 'metrics'
  | 'infrastructure'
  | 'security';

/** Its shelf in the catalogue. */
export type PluginType =
  | 'communication'
  | 'billing'
  | 'networking'
  | 'authentication'
  | 'monitoring'
  | 'integration'
  | 'utility'
  | 'custom';

/** Another plugin that must run first. */
export interface PluginDependency {
  readonly name: string;
  /** Semver range; any version unless told. */
  readonly range?: string;
  /** Ordered when it is there, not missed when it is not. */
  readonly optional?: boolean;
}

/** Names alone, names with ranges, or the long form. */
export type Dependencies = Readonly<Record<string, string>> | readonly (string | PluginDependency)[];

/** Milliseconds each step may take before it has failed. */
export interface StepLimits {
  /** Default 30,000. */
  readonly initialize?: number;
  /** Default 30,000. */
  readonly start?: number;
  /** Default 10,000. */
  readonly stop?: number;
  /** Default 5,000. */
  readonly health?: number;
  /** Default 10,000. */
  readonly reconfigure?: number;
  /** How long calls in flight may go on in a version that was replaced. Default 30,000. */
  readonly drain?: number;
}

/** What can be known of a plugin before any of its life begins. A `plugin.yaml` says the same in snake_case. */
export interface PluginMetadata {
  /** Canonical: `^[a-z][a-z0-9-]{0,62}$`; `_` is read as `-`. */
  readonly name: string;
  /** Semver. */
  readonly version: string;
  readonly displayName?: string;
  readonly description?: string;
  readonly author?: string;
  readonly license?: string;
  /** Other names for files, configuration keys and paths. */
  readonly aliases?: readonly string[];
  readonly kinds?: readonly PluginKind[];
  /** Default `custom`. */
  readonly type?: PluginType;
  /** Default `business`. */
  readonly phase?: Phase;
  /** Lower first. Default 100. */
  readonly priority?: number;
  readonly dependencies?: Dependencies;
  /** Services it offers, by token or id, or as classes that `pluginService` has named. */
  readonly provides?: readonly (ServiceRef<object> | string | ServiceClass)[];
  /**
   * `beside` (the default) prepares the new version while the old one serves. `stop-first` is for what cannot exist twice and is
   * no `scope.resource`: requests wait during the gap, and the old version returns when the new one fails.
   */
  readonly replace?: 'beside' | 'stop-first';
  readonly limits?: StepLimits;
  /** Begins the names of its metrics. The plugin's name with `_` unless told. */
  readonly metricsPrefix?: string;
}

/** The running half of a plugin: what `initialize` returns. All parts are optional, the callbacks of the kinds among them. */
export interface PluginLifecycle<C = Readonly<Record<string, unknown>>> extends KindCallbacks {
  /**
   * Activates, once the old version has quiesced; services may be called from here on. Timers and tasks begin at the swap that follows.
   * Throwing returns everything to the version before.
   */
  start?(handover: Handover): void | Promise<void>;
  /** Called after `start`, when the last call has left or the drain limit is over, before the scope is undone. */
  stop?(): void | Promise<void>;
  /** Asked once after `start`, where `unhealthy` returns everything to the version before, and whenever somebody wants to know. */
  health?(): HealthAnswer | Promise<HealthAnswer>;
  /** State for the next version, taken when this one has quiesced. Structured-cloneable. */
  handOver?(): unknown;
  /**
   * Takes new configuration in place: the instance goes on, with its calls, timers and state. Both values are validated and frozen, and
   * `context.config` shows the new ones once this has accepted by returning nothing. A plugin without this is replaced by a new instance; so is
   * one that answers `replace`, which must not have changed anything. Throwing refuses the change, and the previous values stay. Where another
   * plugin of the same change fails, this is called again with the values the other way round.
   */
  reconfigure?(next: C, previous: C): ReconfigureAnswer | Promise<ReconfigureAnswer>;
}

/** Nothing, which accepts, or `replace`: this change takes a new instance. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is the common case
export type ReconfigureAnswer = 'replace' | void;

/** A plugin as data, with the one function that brings it to life. */
export interface PluginDefinition<S extends ConfigSchema = ConfigSchema, N extends Needs = Needs>
  extends PluginMetadata {
  readonly config?: S;
  /** Services of other plugins, by the name they have in `context.services`. Needing one is depending on its plugin. */
  readonly needs?: N;
  /**
   * The schema of its database, in steps that are made in this order, once, before `initialize` of the version that brings them. What has been
   * made is never taken back.
   */
  readonly migrations?: readonly DatabaseMigration[];
  /**
   * Prepares without outside effects: registers routes and services, takes handles. Nothing it does is seen before the swap,
   * and it may be thrown away.
   */
  initialize?(
    context: PluginContext<InferConfig<S>, N>,
    // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is the common case
  ): PluginLifecycle<InferConfig<S>> | void | Promise<PluginLifecycle<InferConfig<S>> | void>;
}

/** Marks a definition, so that the loader knows one from any other export. The same in every copy of this package. */
export const PLUGIN: unique symbol = Symbol.for('backplane.plugin') as never;

/** A definition whose types have been checked and forgotten: what the host works with. */
export type Plugin = Omit<PluginMetadata, 'provides'> & {
  readonly [PLUGIN]: true;
  readonly provides?: readonly (ServiceRef<object> | string)[];
  readonly config?: ConfigSchema;
  readonly needs?: Needs;
  readonly migrations?: readonly DatabaseMigration[];
  initialize(context: PluginContext<never, never>): Promise<PluginLifecycle<never>>;
};

/** Declares a plugin. The types of `context.config` and `context.services` flow from `config` and `needs`. */
export function definePlugin<
  const S extends ConfigSchema = Record<never, never>,
  const N extends Needs = Record<never, never>,
>(definition: PluginDefinition<S, N>): Plugin {
  const { initialize, provides, ...data } = definition;
  const { offers, classes } = offersOf(definition);
  return Object.freeze({
    ...data,
    ...offers,
    [PLUGIN]: true as const,
    initialize: async (context: PluginContext<never, never>) => {
      const lifecycle = (await initialize?.(context as unknown as PluginContext<InferConfig<S>, N>)) ?? {};
      assertLifecycle(definition.name, lifecycle);
      for (const Class of classes) await context.provide(Class);
      adopt(context, lifecycle);
      lowerKinds(context as KindContext, lifecycle);
      return lifecycle;
    },
  });
}

const STEPS = ['start', 'stop', 'health', 'handOver', 'reconfigure'] as const;

/** @throws BP_LIFECYCLE_INVALID */
function assertLifecycle(plugin: string, lifecycle: unknown): asserts lifecycle is PluginLifecycle {
  if (typeof lifecycle !== 'object' || lifecycle === null)
    throw apiErrors.BP_LIFECYCLE_INVALID({ plugin, problem: `a ${typeof lifecycle}` });
  for (const step of STEPS) {
    const given: unknown = Reflect.get(lifecycle, step);
    if (given !== undefined && typeof given !== 'function')
      throw apiErrors.BP_LIFECYCLE_INVALID({ plugin, problem: `"${step}" as a ${typeof given}` });
  }
}

/** What a definition provides, classes by the ids of their services, and these classes. */
function offersOf({ name, provides, kinds = [] }: PluginMetadata): {
  readonly offers: Pick<Plugin, 'provides' | 'kinds'>;
  readonly classes: readonly ServiceClass[];
} {
  if (provides === undefined) return { offers: {}, classes: [] };
  // What is no list is left to whoever checks data.
  if (!Array.isArray(provides)) return { offers: { provides: provides as never }, classes: [] };
  const given: NonNullable<PluginMetadata['provides']> = provides;
  const classes = given.filter(isServiceClass);
  const hears = classes.some((Class) => hearsEvents(Class.prototype));
  return {
    offers: {
      provides: given.map((one) => (isServiceClass(one) ? serviceIdOf(name, one) : one)),
      ...(hears && { kinds: [...new Set([...kinds, 'event_handler' as const])] }),
    },
    classes,
  };
}

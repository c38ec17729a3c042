import {
  adopt,
  type Handles,
  type Needs,
  type Plugin,
  type PluginContext,
  type PluginLifecycle,
  provideClass,
  type ServiceClass,
  type ServiceRef,
} from '@backplane/plugin-api';
import type { EffectLedger, InstanceDriver, InstanceHost, PluginData, PluginUnit } from '@backplane/ports';
import { errors } from '../errors.ts';
import { joinHealth } from '../health/join-health.ts';

/** What the author's code gets, in front of the instance's host. */
class InlineContext implements PluginContext<unknown> {
  readonly #host: InstanceHost;
  #services: Handles<Needs> | undefined;

  constructor(host: InstanceHost) {
    this.#host = host;
  }

  get plugin() {
    return this.#host.info.identity;
  }
  get environment() {
    return this.#host.environment;
  }
  get config() {
    return this.#host.config;
  }
  get scope() {
    return this.#host.scope;
  }
  get http() {
    return this.#host.http;
  }
  get logger() {
    return this.#host.logger;
  }
  get security() {
    return this.#host.security;
  }
  get database() {
    return this.#host.database;
  }
  get events() {
    return this.#host.events;
  }
  get health() {
    return this.#host.health;
  }
  get metrics() {
    return this.#host.metrics;
  }
  get registry() {
    return this.#host.registry;
  }
  get cache() {
    return this.#host.cache;
  }
  get extensionPoints() {
    return this.#host.extensionPoints;
  }
  get services(): Handles<Needs> {
    this.#services ??= Object.freeze(
      Object.fromEntries(this.#host.info.data.needs.map((need) => [need.key, this.#host.handle(need)])),
    ) as Handles<Needs>;
    return this.#services;
  }
  // Bound, so that authors may take them out of the context like everything else in it.
  readonly provide = ((what: ServiceRef<object> | ServiceClass, implementation?: object) => {
    if (typeof what === 'function') return provideClass(this as PluginContext<unknown> as PluginContext, what);
    this.#host.provide(what.id, implementation as object);
    adopt(this, implementation as object);
    return undefined;
  }) as PluginContext['provide'];
  readonly fail = (reason: unknown): void => {
    this.#host.fail(reason);
  };
}

/** Runs a plugin in this thread. Used by the kernel, and by the child of an isolated instance around the same plugin. */
export function createInlineDriver(plugin: Plugin, host: InstanceHost): InstanceDriver {
  let lifecycle: PluginLifecycle<never> = {};
  return {
    async initialize() {
      lifecycle = await plugin.initialize(
        new InlineContext(host) as PluginContext<unknown> as PluginContext<never, never>,
      );
    },
    async start(handover) {
      await lifecycle.start?.(handover);
    },
    async health() {
      const [answer, results] = await Promise.all([lifecycle.health?.(), host.health.results()]);
      return joinHealth(answer ?? true, results);
    },
    async quiesce() {
      await host.scope.pause();
      return lifecycle.handOver?.();
    },
    async resume() {
      host.scope.activate();
    },
    reconfigurable: () => lifecycle.reconfigure !== undefined,
    async reconfigure(next, previous) {
      const answer: unknown = await lifecycle.reconfigure?.(next as never, previous as never);
      if (answer === undefined) return 'accepted';
      if (answer === 'replace') return answer;
      throw errors.BP_RECONFIGURE_ANSWER({ plugin: host.info.identity.name, answer: String(answer) });
    },
    async stop() {
      await lifecycle.stop?.();
    },
    async dispose() {
      lifecycle = {};
    },
  };
}

/** A plugin whose code is in this thread, ready to be run. */
export function createInlineUnit(
  plugin: Plugin,
  data: PluginData,
  digest: string,
  origin: string,
  ledger?: EffectLedger,
): PluginUnit {
  return { data, level: 'inline', digest, origin, ledger, create: (host) => createInlineDriver(plugin, host) };
}

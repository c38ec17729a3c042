import { type Clock, messageOf, methodsOf, withTimeLimit } from '@backplane/base';
import type { CallContext, ServiceInfo, ServiceQuery, ServiceRegistry, ServiceWatcher } from '@backplane/plugin-api';
import type { Entrances, GenerationPart } from '@backplane/ports';
import satisfies from 'semver/functions/satisfies.js';
import validRange from 'semver/ranges/valid.js';
import { activeCall, runWithCall } from '../call/call-storage.ts';
import type { HostServices } from '../call/host-services.ts';
import type { InstanceView } from '../call/instance-view.ts';
import { isRemote } from '../call/is-remote.ts';
import { SYSTEM } from '../call/kernel-call.ts';
import { errors } from '../errors.ts';
import type { HookEngine } from '../hooks/hook-engine.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { Registration } from './registration.ts';

/** Milliseconds that a service plugin may take to answer or to hear. */
const LIMIT_MS = 5000;

/** The services of one generation, and who watches them. */
export interface Directory {
  readonly services: ReadonlyMap<string, ServiceInfo>;
  readonly instances: readonly Instance[];
}

/** What a watcher has heard, and is hearing. */
interface Hearing {
  readonly told: Map<string, ServiceInfo>;
  busy: Promise<void>;
}

export interface ServiceDirectoryOptions {
  readonly clock: Clock;
  readonly entrances: Pick<Entrances, 'part'>;
  readonly hostServices: HostServices;
  readonly hooks: HookEngine;
}

/** Says which services there are, and tells service plugins what comes and goes. */
export class ServiceDirectory {
  readonly part: GenerationPart<Directory>;
  readonly #options: ServiceDirectoryOptions;
  readonly #registration: Registration;
  readonly #watchers = new WeakMap<Instance, Map<ServiceWatcher, Hearing>>();
  readonly #telling = new Set<Promise<void>>();
  /** The traces in which service plugins are being asked: they go along wherever those call. */
  readonly #asking = new Set<string>();

  constructor(options: ServiceDirectoryOptions) {
    this.#options = options;
    this.#registration = new Registration(options.hooks);
    this.part = {
      key: 'services',
      build: (draft) => {
        const instances = draft.instances as readonly Instance[];
        return { instances, services: listServices(instances, options.hostServices.current, this.#registration) };
      },
      handlers: ({ instances }) =>
        instances
          .filter((instance) => (this.#watchers.get(instance)?.size ?? 0) > 0)
          .map(({ data: { name: plugin, phase, priority } }) => ({
            point: 'service.post_register',
            plugin,
            name: 'onServiceRegister',
            phase,
            priority,
          })),
    };
  }

  facet(instance: Instance): ServiceRegistry {
    return {
      discover: (query = {}) => this.discover(query),
      watch: (watcher) => {
        const effect = instance.scope.add('service watcher', () => {
          watchers.delete(watcher);
        });
        const watchers = this.#watchers.get(instance) ?? new Map<ServiceWatcher, Hearing>();
        this.#watchers.set(instance, watchers.set(watcher, { told: new Map(), busy: Promise.resolve() }));
        if (instance.phase === 'active') this.#tellSoon(instance);
        return effect;
      },
    };
  }

  /** @throws BP_SERVICE_QUERY */
  async discover(query: ServiceQuery): Promise<readonly ServiceInfo[]> {
    if (query.version !== undefined && validRange(query.version) === null) {
      throw errors.BP_SERVICE_QUERY({ problem: `"${query.version}" is no semver range` });
    }
    const { services, instances } = this.#current;
    const found = new Map([...services].filter(([, info]) => answers(info, query)));
    const call = activeCall();
    // Who is asked and asks in turn is told what the host knows: two of them would ask each other for ever.
    if (call !== undefined && this.#asking.has(call.trace.traceId)) return [...found.values()];
    const asked = instances.flatMap((instance) =>
      [...(this.#watchers.get(instance)?.keys() ?? [])]
        .filter(({ onServiceDiscovery }) => onServiceDiscovery !== undefined)
        .map((watcher) => this.#within(instance, 'onServiceDiscovery', () => this.#ask(watcher, query))),
    );
    for (const list of await Promise.all(asked)) {
      if (!Array.isArray(list)) continue;
      for (const info of list as ServiceInfo[]) {
        if (typeof info?.id === 'string' && !found.has(info.id)) found.set(info.id, completed(info));
      }
    }
    return [...found.values()];
  }

  /** Has handlers of `service.pre_register` see what is new in these, before they are swapped in. */
  prepare(instances: readonly Instance[]): Promise<void> {
    return this.#registration.prepare(instances, infosOf);
  }

  /** Has watchers hear what has changed for them. Called after each swap. */
  changed(): void {
    this.#registration.tell(this.#current.instances, (instance) =>
      infosOf(instance).map((info) => this.#registration.infoOf(instance, info)),
    );
    for (const instance of this.#current.instances) if (this.#watchers.has(instance)) this.#tellSoon(instance);
  }

  /** Resolves when everybody has heard. */
  async settled(): Promise<void> {
    while (this.#telling.size > 0) await Promise.all(this.#telling);
  }

  get #current(): Directory {
    return this.#options.entrances.part(this.part);
  }

  #tellSoon(instance: Instance): void {
    const { services } = this.#current;
    for (const [watcher, hearing] of this.#watchers.get(instance) ?? []) {
      hearing.busy = hearing.busy.then(() => this.#tell(instance, watcher, hearing.told, services));
      const { busy } = hearing;
      this.#telling.add(busy);
      void busy.then(() => this.#telling.delete(busy));
    }
  }

  async #tell(
    instance: Instance,
    watcher: ServiceWatcher,
    told: Map<string, ServiceInfo>,
    services: ReadonlyMap<string, ServiceInfo>,
  ): Promise<void> {
    for (const [id, info] of [...told]) {
      if (services.has(id)) continue;
      told.delete(id);
      await this.#within(instance, 'onServiceUnregister', async () => watcher.onServiceUnregister?.(info));
    }
    for (const [id, info] of services) {
      if (told.get(id)?.version === info.version) continue;
      told.set(id, info);
      await this.#within(instance, 'onServiceRegister', async () => watcher.onServiceRegister?.(info));
    }
  }

  /** Runs a callback in a call of its own, unless the instance is on its way out. What goes wrong is logged. */
  async #within<T>(instance: Instance, what: string, work: () => Promise<T>): Promise<T | undefined> {
    if (instance.phase !== 'active') return undefined;
    const call = (instance.view as InstanceView).enter({ principal: SYSTEM });
    try {
      return await withTimeLimit(
        this.#options.clock,
        LIMIT_MS,
        () => runWithCall(call, work),
        () => new Error(`it has not ended after ${LIMIT_MS} ms`),
      );
    } catch (error) {
      instance.logger.error(`${what} failed: ${messageOf(error)}`, { error });
      return undefined;
    } finally {
      call.leave();
    }
  }

  /** The trace is marked as long as the plugin is at it, also after the limit. */
  async #ask(watcher: ServiceWatcher, query: ServiceQuery): Promise<readonly ServiceInfo[] | undefined> {
    const { traceId } = (activeCall() as CallContext).trace;
    this.#asking.add(traceId);
    try {
      return await watcher.onServiceDiscovery?.(query);
    } finally {
      this.#asking.delete(traceId);
    }
  }
}

function listServices(
  instances: readonly Instance[],
  hostServices: ReadonlyMap<string, object>,
  registration: Registration,
): ReadonlyMap<string, ServiceInfo> {
  const services = new Map<string, ServiceInfo>();
  for (const [id, target] of hostServices) services.set(id, infoOf(id, 'host', '0.0.0', target));
  for (const instance of instances)
    for (const info of infosOf(instance)) services.set(info.id, registration.infoOf(instance, info));
  return services;
}

function infosOf({ identity, services }: Instance): ServiceInfo[] {
  return [...services].map(([id, target]) => infoOf(id, identity.name, identity.version, target));
}

function infoOf(id: string, plugin: string, version: string, target: object): ServiceInfo {
  const name = id.slice(id.lastIndexOf('.') + 1);
  const methods = isRemote(target) ? target.methods : methodsOf(target);
  return Object.freeze({ id, name, plugin, version, methods, metadata: {} });
}

function answers(info: ServiceInfo, { name, plugin, version }: ServiceQuery): boolean {
  if (name !== undefined && name !== info.id && name !== info.name) return false;
  if (plugin !== undefined && plugin !== info.plugin) return false;
  return version === undefined || satisfies(info.version, version, { includePrerelease: true });
}

/** What a service plugin answered, with what it left out filled in. */
function completed(info: ServiceInfo): ServiceInfo {
  const {
    id,
    name = id.slice(id.lastIndexOf('.') + 1),
    plugin = '',
    version = '0.0.0',
    methods = [],
    metadata = {},
  } = info;
  return { id, name, plugin, version, methods, metadata };
}

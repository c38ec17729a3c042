import { type BackplaneError, type Clock, messageOf } from '@backplane/base';
import type {
  CallContext,
  EventService,
  ExtensionPoints,
  HealthStatus,
  HttpService,
  Logger,
  MetricService,
  PluginIdentity,
  SecurityService,
  ServiceRegistry,
} from '@backplane/plugin-api';
import type {
  CacheFacet,
  DatabaseFacet,
  HttpFacet,
  InstanceDriver,
  InstanceHost,
  InstanceInfo,
  NeedData,
  PluginData,
  PluginUnit,
  RemoteService,
} from '@backplane/ports';
import { runWithCall } from '../call/call-storage.ts';
import type { InstanceView } from '../call/instance-view.ts';
import { type KernelCall, SYSTEM } from '../call/kernel-call.ts';
import type { ServiceInvoker } from '../call/service-invoker.ts';
import { errors } from '../errors.ts';
import type { EventBus } from '../events/event-bus.ts';
import { HealthChecks } from '../health/health-checks.ts';
import type { HookEngine } from '../hooks/hook-engine.ts';
import type { ServiceDirectory } from '../registry/service-directory.ts';
import { PluginScope } from '../scope/plugin-scope.ts';
import type { ResourceTable } from '../scope/resource-table.ts';

/** What adapters give each instance. Called when the plugin first asks. */
export interface InstanceFacets {
  http(instance: InstanceInfo): HttpFacet;
  logger(instance: InstanceInfo): Logger;
  security(instance: InstanceInfo): SecurityService;
  database(instance: InstanceInfo): DatabaseFacet;
  metrics(instance: InstanceInfo): MetricService;
  cache(instance: InstanceInfo): CacheFacet;
}

/** What all instances of one kernel share. */
export interface InstanceSurroundings {
  readonly clock: Clock;
  readonly environment: string;
  readonly resources: ResourceTable;
  readonly invoker: ServiceInvoker;
  readonly facets: InstanceFacets;
  readonly events: EventBus;
  readonly directory: ServiceDirectory;
  readonly hooks: HookEngine;
  /** Settles when the provider of a service returns from a stop-first gap, or was dormant and has been started for this call. */
  gapOf(serviceId: string, from: Instance): Promise<void> | undefined;
  /** True when somebody provides the service in the generation that is being made. */
  isProvided(serviceId: string): boolean;
  failed(instance: Instance): void;
}

/** Made once: an error that is made in the middle of a change holds on to what that has under way. */
const DRAINING = new DOMException('The plugin is being replaced or stopped.', 'AbortError');

const HOST_STOPS = errors.BP_HOST_STOPPED({});

export type InstancePhase = 'initializing' | 'starting' | 'active' | 'draining' | 'ended';

/** One version of one plugin, brought to life once. Its identity is the object. */
export class Instance implements InstanceInfo, InstanceHost {
  readonly identity: PluginIdentity;
  readonly unit: PluginUnit;
  readonly data: PluginData;
  /** What it runs with. */
  config: unknown;
  readonly scope: PluginScope;
  readonly services = new Map<string, object | RemoteService>();
  phase: InstancePhase = 'initializing';
  /** What the instance's own work (timers, tasks, handles outside calls) enters: always the newest generation's. Not there before activation. */
  view: InstanceView | undefined;
  /** What it said when it was last asked. */
  lastHealth: HealthStatus | undefined;
  /** True while it still owes an answer to a reconfiguration whose time is up. */
  owesAnswer = false;
  /** There once `createDriver` has made it. */
  declare driver: InstanceDriver;
  /** Each rejects a step that is under way. */
  readonly interrupts = new Set<(reason: unknown) => void>();

  readonly #surroundings: InstanceSurroundings;
  readonly #views = new Set<InstanceView>();
  #whenReleased: (() => void) | undefined;
  #draining: AbortController | undefined;
  #ended: AbortController | undefined;
  #failure: { readonly reason: unknown } | undefined;
  #http: HttpFacet | undefined;
  #logger: Logger | undefined;
  #security: SecurityService | undefined;
  #database: DatabaseFacet | undefined;
  #events: EventService | undefined;
  #health: HealthChecks | undefined;
  #metrics: MetricService | undefined;
  #registry: ServiceRegistry | undefined;
  #cache: CacheFacet | undefined;
  #extensionPoints: ExtensionPoints | undefined;

  constructor(unit: PluginUnit, config: unknown, ordinal: number, surroundings: InstanceSurroundings) {
    this.unit = unit;
    this.data = unit.data;
    this.config = config;
    this.#surroundings = surroundings;
    this.identity = Object.freeze({
      name: unit.data.name,
      version: unit.data.version,
      instance: ordinal,
      level: unit.level,
    });
    this.scope = new PluginScope(unit.data.name, {
      plugin: unit.data.name,
      clock: surroundings.clock,
      resources: surroundings.resources,
      code: unit,
      disposeLimitMs: unit.data.limits.stop,
      tick: (label, action) => this.#tick(label, action),
      taskFailed: (label, error) => this.logger.error(`Task "${label}" ended with an error.`, { error }),
    });
  }

  /** A step of its own, so that a unit that throws leaves an instance whose scope can be closed. */
  createDriver(): void {
    this.driver = this.unit.create(this);
  }

  get info(): InstanceInfo {
    return this;
  }
  get clock(): Clock {
    return this.#surroundings.clock;
  }
  get environment(): string {
    return this.#surroundings.environment;
  }
  get http(): HttpFacet & HttpService {
    this.#http ??= this.#surroundings.facets.http(this);
    return this.#http;
  }
  get logger(): Logger {
    this.#logger ??= this.#surroundings.facets.logger(this);
    return this.#logger;
  }
  get security(): SecurityService {
    this.#security ??= this.#surroundings.facets.security(this);
    return this.#security;
  }
  get database(): DatabaseFacet {
    this.#database ??= this.#surroundings.facets.database(this);
    return this.#database;
  }

  get events(): EventService {
    this.#events ??= this.#surroundings.events.facet(this);
    return this.#events;
  }
  get health(): HealthChecks {
    this.#health ??= new HealthChecks(this.identity.name, this.scope, this.clock);
    return this.#health;
  }
  get metrics(): MetricService {
    this.#metrics ??= this.#surroundings.facets.metrics(this);
    return this.#metrics;
  }
  get registry(): ServiceRegistry {
    this.#registry ??= this.#surroundings.directory.facet(this);
    return this.#registry;
  }
  get cache(): CacheFacet {
    this.#cache ??= this.#surroundings.facets.cache(this);
    return this.#cache;
  }
  get extensionPoints(): ExtensionPoints {
    this.#extensionPoints ??= this.#surroundings.hooks.facet(this);
    return this.#extensionPoints;
  }

  get draining(): AbortSignal {
    this.#draining ??= new AbortController();
    if (this.phase === 'draining' || this.phase === 'ended') this.#draining.abort(DRAINING);
    return this.#draining.signal;
  }

  get ended(): AbortSignal {
    this.#ended ??= new AbortController();
    if (this.phase === 'ended') this.#ended.abort();
    return this.#ended.signal;
  }

  handle(need: NeedData): object | undefined {
    if (need.mode === 'optional' && !this.#surroundings.isProvided(need.serviceId)) return undefined;
    return this.#surroundings.invoker.handle(this, need);
  }

  provide(service: string, implementation: object | RemoteService): void {
    const { name: plugin, version } = this.identity;
    if (this.phase === 'ended') throw errors.BP_INSTANCE_GONE({ plugin, version });
    const declared = this.data.provides;
    if (!declared.includes(service)) throw errors.BP_SERVICE_UNDECLARED({ plugin, service, declared });
    if (this.services.has(service)) throw errors.BP_SERVICE_PROVIDED_TWICE({ plugin, service });
    this.services.set(service, implementation);
  }

  /** Interrupts every step that is under way. One that serves is taken out, one that is being made does not come to serve. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.interrupt(reason);
    if (this.phase !== 'draining' && this.phase !== 'ended') this.#surroundings.failed(this);
  }

  /** Has the step that is under way fail, and nothing else. */
  interrupt(reason: unknown): void {
    for (const interrupt of [...this.interrupts]) interrupt(reason);
  }

  /** Why the instance cannot go on, once it has said so. */
  get failure(): BackplaneError | undefined {
    if (this.#failure === undefined) return undefined;
    const { reason } = this.#failure;
    const { name: plugin, version } = this.identity;
    return errors.BP_PLUGIN_FAILED({ plugin, version, reason: messageOf(reason) }, { cause: reason });
  }

  /** Whether it is asked to take new configuration in place. */
  get reconfigurable(): boolean {
    return !this.owesAnswer && this.driver.reconfigurable();
  }

  gapOf(serviceId: string): Promise<void> | undefined {
    return this.#surroundings.gapOf(serviceId, this);
  }

  hold(view: InstanceView): void {
    this.#views.add(view);
  }

  release(view: InstanceView): void {
    this.#views.delete(view);
    if (this.#views.size === 0) this.#whenReleased?.();
  }

  /** Calls in flight that this instance answers. */
  get inFlight(): number {
    let count = 0;
    for (const view of this.#views) if (view.primary === this) count += view.inFlight;
    return count;
  }

  /** Tells long-lived calls that the host stops, before it does. */
  announceEnd(): void {
    this.#draining ??= new AbortController();
    this.#draining.abort(HOST_STOPS);
  }

  /**
   * Begins to drain: resolves when no view holds the instance any more. What it depends on is kept until `releaseDependencies`, for its own
   * stop() may call it.
   */
  drained(): Promise<void> {
    this.phase = 'draining';
    this.#draining?.abort(DRAINING);
    this.view = this.view?.without(this);
    if (this.#views.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenReleased = resolve;
    });
  }

  releaseDependencies(): void {
    this.view?.retire();
  }

  /** Ends what is still in flight here. */
  end(): void {
    if (this.phase === 'ended') return;
    this.phase = 'ended';
    const { name: plugin, version } = this.identity;
    const reason = errors.BP_CALL_DRAINED({ plugin, version, limitMs: this.data.limits.drain });
    for (const view of this.#views) if (view.primary === this) view.cancelCalls(reason);
    this.#ended?.abort(reason);
  }

  async #tick(label: string, action: (call: CallContext) => void | Promise<void>): Promise<void> {
    let call: KernelCall | undefined;
    try {
      const entered = (this.view as InstanceView).enter({ principal: SYSTEM });
      call = entered;
      await runWithCall(entered, () => action(entered));
    } catch (error) {
      this.logger.error(`"${label}" failed: ${messageOf(error)}`, { error });
    } finally {
      call?.leave();
    }
  }
}

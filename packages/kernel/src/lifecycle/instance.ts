import { type Clock, messageOf } from '@backplane/base';
import type { CallContext, HttpService, Logger, PluginIdentity, SecurityService } from '@backplane/plugin-api';
import type {
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
import { SYSTEM } from '../call/kernel-call.ts';
import type { ServiceInvoker } from '../call/service-invoker.ts';
import { errors } from '../errors.ts';
import { PluginScope } from '../scope/plugin-scope.ts';
import type { ResourceTable } from '../scope/resource-table.ts';

/** What adapters give each instance. Called when the plugin first asks. */
export interface InstanceFacets {
  http(instance: InstanceInfo): HttpFacet;
  logger(instance: InstanceInfo): Logger;
  security(instance: InstanceInfo): SecurityService;
}

/** What all instances of one kernel share. */
export interface InstanceSurroundings {
  readonly clock: Clock;
  readonly environment: string;
  readonly resources: ResourceTable;
  readonly invoker: ServiceInvoker;
  readonly facets: InstanceFacets;
  /** Settles when the provider of a service returns from a stop-first gap. */
  gapOf(serviceId: string): Promise<void> | undefined;
  /** True when somebody provides the service in the generation that is being made. */
  isProvided(serviceId: string): boolean;
  failed(instance: Instance, reason: unknown): void;
}

export type InstancePhase = 'initializing' | 'starting' | 'active' | 'draining' | 'ended';

/** One version of one plugin, brought to life once. Its identity is the object. */
export class Instance implements InstanceInfo, InstanceHost {
  readonly identity: PluginIdentity;
  readonly unit: PluginUnit;
  readonly data: PluginData;
  readonly config: unknown;
  readonly scope: PluginScope;
  readonly driver: InstanceDriver;
  readonly services = new Map<string, object | RemoteService>();
  phase: InstancePhase = 'initializing';
  /** What the instance's own work (timers, tasks, handles outside calls) enters: always the newest generation's. */
  declare view: InstanceView;
  /** Rejects the lifecycle step that is under way. */
  interruptStep: ((reason: unknown) => void) | undefined;

  readonly #surroundings: InstanceSurroundings;
  readonly #views = new Set<InstanceView>();
  #whenReleased: (() => void) | undefined;
  #draining: AbortController | undefined;
  #ended: AbortController | undefined;
  #http: HttpFacet | undefined;
  #logger: Logger | undefined;
  #security: SecurityService | undefined;

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
      disposeLimitMs: unit.data.limits.stop,
      tick: (label, action) => this.#tick(label, action),
      taskFailed: (label, error) => this.logger.error(`Task "${label}" ended with an error.`, { error }),
    });
    this.driver = unit.create(this);
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

  get draining(): AbortSignal {
    this.#draining ??= new AbortController();
    if (this.phase === 'draining' || this.phase === 'ended') this.#draining.abort();
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
    const plugin = this.identity.name;
    const declared = this.data.provides;
    if (!declared.includes(service)) throw errors.BP_SERVICE_UNDECLARED({ plugin, service, declared });
    if (this.services.has(service)) throw errors.BP_SERVICE_PROVIDED_TWICE({ plugin, service });
    this.services.set(service, implementation);
  }

  fail(reason: unknown): void {
    if (this.interruptStep) this.interruptStep(reason);
    else this.#surroundings.failed(this, reason);
  }

  gapOf(serviceId: string): Promise<void> | undefined {
    return this.#surroundings.gapOf(serviceId);
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

  /** Tells long-lived calls that the end is near, before it comes. */
  announceEnd(): void {
    this.#draining ??= new AbortController();
    this.#draining.abort();
  }

  /** Begins to drain: resolves when no view holds the instance any more. */
  drained(): Promise<void> {
    this.phase = 'draining';
    this.#draining?.abort();
    if (this.#views.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenReleased = resolve;
    });
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
    const call = this.view.enter({ principal: SYSTEM });
    try {
      await runWithCall(call, () => action(call));
    } catch (error) {
      this.logger.error(`"${label}" failed: ${messageOf(error)}`, { error });
    } finally {
      call.leave();
    }
  }
}

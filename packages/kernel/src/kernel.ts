import { type Clock, systemClock } from '@backplane/base';
import type { HealthReport, HealthStatus } from '@backplane/plugin-api';
import type {
  Call,
  ChangeReport,
  Entrances,
  ExtensionPointHandler,
  ExtensionPointInfo,
  GenerationPart,
  InstanceInfo,
  LeakReceipt,
  PlanStep,
  PluginData,
  PluginStatus,
  PluginUnit,
} from '@backplane/ports';
import { activeCall, runWithCall } from './call/call-storage.ts';
import { HostServices } from './call/host-services.ts';
import { createServiceHandle } from './call/service-handle.ts';
import { ServiceInvoker } from './call/service-invoker.ts';
import type { Change } from './change/change.ts';
import { Reconciler } from './change/reconciler.ts';
import { errors } from './errors.ts';
import { checkCloneableArguments, checkCloneableData } from './events/check-data.ts';
import { EventBus } from './events/event-bus.ts';
import { askHealth } from './health/ask-health.ts';
import { normalizeHealth } from './health/normalize-health.ts';
import { CONFIG_LOAD, ConfigLoad } from './hooks/config-load.ts';
import { describeHandlers, describePoints } from './hooks/describe-hooks.ts';
import { HookEngine, type HookTable } from './hooks/hook-engine.ts';
import { registerAtHostPoint } from './hooks/host-points.ts';
import type { KernelEvent } from './kernel-event.ts';
import type { Instance, InstanceFacets } from './lifecycle/instance.ts';
import type { PluginRecord } from './lifecycle/plugin-record.ts';
import { ServiceDirectory } from './registry/service-directory.ts';
import { ResourceTable } from './scope/resource-table.ts';
import { dependentsIn, statusOf } from './status.ts';

export interface KernelOptions {
  readonly facets: InstanceFacets;
  readonly clock?: Clock;
  /** Default `development`. */
  readonly environment?: string;
  /** Compiled for each generation, in this order. */
  readonly parts?: readonly GenerationPart<unknown>[];
  /** Services of the operator's own, by id. */
  readonly hostServices?: ReadonlyMap<string, object>;
  /** Refuse what could not cross to another process, also inline. Default: true unless the environment is production. */
  readonly checkCloneable?: boolean;
  readonly onEvent?: (event: KernelEvent) => void;
  /** Hears of each change that was made. */
  readonly onChange?: (report: ChangeReport) => void;
  /** There are handlers of `config.load` to be asked, or to be asked again. */
  readonly onConfigLoad?: () => void;
  /** Between 0 and 1, for the jitter of retries. */
  readonly random?: () => number;
}

/**
 * Runs plugins in generations. Changes are applied one after another; each ends in a swap of one pointer, or in nothing at all.
 */
export class Kernel implements Entrances {
  readonly clock: Clock;
  readonly environment: string;
  /** Events between plugins. */
  readonly events: EventBus;
  /** Services of the operator's own. A change of them shows in the next generation. */
  readonly hostServices: HostServices;
  /** Extension points. */
  readonly hooks: HookEngine;
  /** What plugins add to the configuration of others. */
  readonly configLoad: ConfigLoad;
  /** Which services there are. */
  readonly services: ServiceDirectory;
  readonly #reconciler: Reconciler;

  constructor(options: KernelOptions) {
    this.clock = options.clock ?? systemClock;
    this.environment = options.environment ?? 'development';
    const checkCloneable = options.checkCloneable ?? this.environment !== 'production';
    const hostServices = new HostServices(options.hostServices);
    this.hostServices = hostServices;
    this.events = new EventBus({
      clock: this.clock,
      entrances: this,
      checkData: checkCloneable ? checkCloneableData : undefined,
    });
    this.hooks = new HookEngine({
      clock: this.clock,
      checkArguments: checkCloneable ? checkCloneableArguments : undefined,
      hostPoint: registerAtHostPoint,
      onNotice: (instance, point) => {
        if (point === CONFIG_LOAD.name) this.configLoad.noticed(instance);
      },
    });
    this.configLoad = new ConfigLoad(this.hooks, options.onConfigLoad ?? (() => {}));
    this.services = new ServiceDirectory({ clock: this.clock, entrances: this, hostServices, hooks: this.hooks });
    this.#reconciler = new Reconciler({
      checkCloneable,
      clock: this.clock,
      environment: this.environment,
      facets: options.facets,
      parts: [this.events.part, this.services.part, this.hooks.part, ...(options.parts ?? [])],
      hostServices,
      events: this.events,
      directory: this.services,
      hooks: this.hooks,
      beforeSwap: (instances) => this.services.prepare(instances),
      onSwapped: () => {
        // Generation 0 is made before there is anybody to ask.
        if (this.#reconciler === undefined) return;
        const { parts, instances } = this.#reconciler.current;
        this.hooks.install(parts.get(this.hooks.part) as HookTable, [...instances.values()]);
        this.services.changed();
        this.configLoad.changed();
      },
      invoker: new ServiceInvoker({ checkCloneable }),
      resources: new ResourceTable(),
      onEvent: (event) => {
        try {
          options.onEvent?.(event);
        } catch {
          // Whoever listens must not be able to break a change half-way.
        }
      },
      onChange: (report) => options.onChange?.(report),
      random: options.random ?? Math.random,
    });
  }

  /**
   * Makes the change, after those that were asked for before. Resolves at the swap; calls in flight end afterwards where they began.
   * @throws BP_CHANGE_BREAKS_DEPENDENTS, BP_CHANGE_RETURNED (atomic changes), BP_GENERATION_NOT_BUILT, BP_HOST_STOPPED; what ran before runs on.
   */
  apply(change: Change): Promise<ChangeReport> {
    return this.#reconciler.apply(change);
  }

  /** Says what `apply` would do, and does nothing. */
  plan(change: Change): PlanStep[] {
    return this.#reconciler.plan(change);
  }

  /** Tells streams and other long-lived calls that the host is about to stop; everything still serves. */
  announceStop(): void {
    this.#reconciler.announceStop();
  }

  /** Drains and stops everything, dependents first. At `deadlineMs` from now, what is in flight is ended. */
  stop(deadlineMs: number): Promise<void> {
    return this.#reconciler.stop(deadlineMs);
  }

  part<T>(part: GenerationPart<T>): T {
    return this.#reconciler.current.parts.get(part as GenerationPart<unknown>) as T;
  }

  run<R>(call: Call, action: () => R): R {
    return runWithCall(call, action);
  }

  /** Extension points that plugins and the host have declared. */
  points(): ExtensionPointInfo[] {
    return describePoints(this.hooks);
  }

  /** The handlers of extension points in the current generation: those that its parts have compiled, those at declared points, and health checks. */
  handlers(): ExtensionPointHandler[] {
    const { parts, instances } = this.#reconciler.current;
    const compiled = [...parts].flatMap(([part, built]) => part.handlers?.(built) ?? []);
    const checks = [...instances.values()].flatMap(({ data: { name: plugin, phase, priority }, health }) =>
      health.names.map((name) => ({ point: 'health.check', plugin, name, phase, priority })),
    );
    return [...compiled, ...describeHandlers(this.hooks), ...checks];
  }

  /** The number of the current generation; 0 before anything runs. */
  get generation(): number {
    return this.#reconciler.current.id;
  }

  /** True once a first change has been applied, until `stop`. */
  get ready(): boolean {
    return this.#reconciler.ready;
  }

  /** True for a plugin that is there in any state. */
  knows(name: string): boolean {
    return this.#reconciler.records.has(name);
  }

  /** True where this code runs or is wanted: its ledger is open. */
  uses(unit: PluginUnit): boolean {
    const record = this.#reconciler.records.get(unit.data.name);
    return record?.desired?.unit === unit;
  }

  /** Every known plugin, by name. */
  status(): PluginStatus[] {
    const dependents = dependentsIn(this.#reconciler.current.resolution.edges);
    return [...this.#reconciler.records.values()]
      .map((record) => this.#statusOf(record, dependents))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Of the last hundred instances that were unloaded, newest last; those of plugins that have been removed are among them. */
  get receipts(): readonly LeakReceipt[] {
    return [...this.#reconciler.receipts];
  }

  /** @throws BP_PLUGIN_UNKNOWN */
  pluginStatus(nameOrAlias: string): PluginStatus {
    return this.#statusOf(this.#record(nameOrAlias));
  }

  /** Names of the plugins that run, in the order in which they started. */
  get running(): string[] {
    return [...this.#reconciler.current.instances.keys()];
  }

  /** Data of the plugin's version that runs, or should. */
  dataOf(nameOrAlias: string): PluginData | undefined {
    const record = this.#record(nameOrAlias);
    return (record.instance?.unit ?? record.desired?.unit)?.data;
  }

  /** Starts a plugin that is dormant; any other is left as it is. Resolves when it runs, or cannot. @throws BP_PLUGIN_UNKNOWN */
  wake(nameOrAlias: string): Promise<void> {
    return this.#reconciler.wake(this.#record(nameOrAlias).name);
  }

  /** Asks a plugin for its health, under its time limit. One that does not run is unhealthy, with the reason, unless it is dormant. @throws BP_PLUGIN_UNKNOWN */
  async health(nameOrAlias: string): Promise<HealthReport> {
    const record = this.#record(nameOrAlias);
    const { instance } = record;
    if (!instance) {
      const { reason, state } = this.#statusOf(record);
      if (state.phase === 'dormant') return { ...normalizeHealth(true), message: reason };
      const message = reason || `The plugin is ${state.phase}.`;
      const said = 'failure' in state ? state.failure.health : undefined;
      return { ...(said ?? normalizeHealth(false)), status: 'unhealthy', message };
    }
    const report = normalizeHealth(await askHealth(instance), instance.data.provides);
    instance.lastHealth = report.status;
    return report;
  }

  /** What each plugin that runs said of its health when it was last asked. */
  lastHealth(): ReadonlyMap<string, HealthStatus | undefined> {
    const { instances } = this.#reconciler.current;
    return new Map([...instances].map(([name, { lastHealth }]) => [name, lastHealth]));
  }

  /**
   * Calls a method of a plugin's service from outside any plugin, as the host. For tests and management; plugins use handles.
   * @throws BP_SERVICE_UNAVAILABLE, BP_METHOD_MISSING, and whatever the method throws.
   */
  callService(serviceId: string, method: string, args: readonly unknown[]): Promise<unknown> {
    return this.#reconciler.callService(serviceId, method, args);
  }

  /** As `callService`, within the call that is under way, where one is: for whoever calls on behalf of somebody. */
  callWithin(serviceId: string, method: string, args: readonly unknown[]): Promise<unknown> {
    return this.#reconciler.callService(serviceId, method, args, activeCall());
  }

  /** A handle on a plugin's service for the host itself: each method is `callService`. */
  serviceHandle(serviceId: string): object {
    return createServiceHandle(serviceId, (method, args) => this.callService(serviceId, method, args));
  }

  /** Takes an instance out that turned out to be broken: it is treated as if it had said so itself. */
  fail(instance: InstanceInfo, reason: unknown): void {
    (instance as Instance).fail(reason);
  }

  /** Resolves when nothing drains and no change is under way. For tests and an orderly end. */
  async settled(): Promise<void> {
    await this.#reconciler.settled();
    await this.services.settled();
  }

  #record(nameOrAlias: string): PluginRecord {
    const { records } = this.#reconciler;
    const direct = records.get(nameOrAlias);
    if (direct) return direct;
    for (const record of records.values()) {
      const data = (record.instance?.unit ?? record.desired?.unit)?.data;
      if (data?.aliases.includes(nameOrAlias)) return record;
    }
    throw errors.BP_PLUGIN_UNKNOWN({ plugin: nameOrAlias });
  }

  #statusOf(record: PluginRecord, dependents = dependentsIn(this.#reconciler.current.resolution.edges)): PluginStatus {
    return statusOf(record, this.#reconciler.current.resolution.edges, dependents, this.#reconciler.receipts);
  }
}

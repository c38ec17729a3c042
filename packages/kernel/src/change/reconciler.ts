import { type Clock, messageOf } from '@backplane/base';
import type { CallContext } from '@backplane/plugin-api';
import type { ChangeReport, GenerationPart, LeakReceipt, PlanStep } from '@backplane/ports';
import { runOutsideCalls, runWithCall } from '../call/call-storage.ts';
import type { HostServices } from '../call/host-services.ts';
import { KernelCall, SYSTEM } from '../call/kernel-call.ts';
import type { ServiceInvoker } from '../call/service-invoker.ts';
import { errors } from '../errors.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { HookEngine } from '../hooks/hook-engine.ts';
import type { KernelEvent } from '../kernel-event.ts';
import { Instance, type InstanceFacets, type InstanceSurroundings } from '../lifecycle/instance.ts';
import type { PluginRecord } from '../lifecycle/plugin-record.ts';
import { runStep } from '../lifecycle/run-step.ts';
import { Supervisor } from '../lifecycle/supervisor.ts';
import type { ServiceDirectory } from '../registry/service-directory.ts';
import type { ResourceTable } from '../scope/resource-table.ts';
import type { Candidate, Entry } from './candidate.ts';
import { type Change, leaving } from './change.ts';
import { ChangeExecution } from './change-execution.ts';
import { draftChange, namesIn, refuseBreaking } from './draft-change.ts';
import { type Generation, NOTHING_RESOLVED } from './generation.ts';
import { GenerationTable } from './generation-table.ts';
import { Refusals } from './refusals.ts';

export interface ReconcilerOptions {
  readonly clock: Clock;
  readonly environment: string;
  readonly facets: InstanceFacets;
  readonly parts: readonly GenerationPart<unknown>[];
  readonly hostServices: HostServices;
  readonly invoker: ServiceInvoker;
  readonly resources: ResourceTable;
  readonly events: EventBus;
  readonly directory: ServiceDirectory;
  readonly hooks: HookEngine;
  /** The last thing before a swap to these. What it takes, the change takes; it does not fail. */
  readonly beforeSwap: (instances: readonly Instance[]) => Promise<void>;
  /** Called after each swap. */
  readonly onSwapped: () => void;
  readonly onEvent: (event: KernelEvent) => void;
  readonly onChange: (report: ChangeReport) => void;
  readonly random: () => number;
  /** Refuse state for the next version that could not cross to another process. */
  readonly checkCloneable: boolean;
}

const NONE: ReadonlySet<string> = new Set();

/** Makes what runs equal to what should run, one change at a time. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #table: GenerationTable;
  readonly #supervisor: Supervisor;
  readonly #refusals: Refusals;
  readonly #surroundings: InstanceSurroundings;
  #queue: Promise<unknown> = Promise.resolve();
  #making: Candidate | undefined;
  /** Instances that the change under way has made, or asked to take their new configuration. */
  readonly #underWay = new Set<Instance>();
  /** Dormant plugins that are to be started by a change in the queue. */
  readonly #waking = new Map<string, Promise<void>>();
  readonly #deadline = Promise.withResolvers<void>();
  #phase: 'booting' | 'ready' | 'stopping' = 'booting';

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { clock, environment, resources, invoker, facets, hostServices, events, directory, hooks } = options;
    this.#table = new GenerationTable({ ...options, wake: (name) => this.wake(name) });
    this.#supervisor = new Supervisor({
      ...options,
      retry: (name) =>
        void this.#background(name, () => this.#reconcile({ reason: 'It is tried again.' }, new Set([name]))),
    });
    this.#refusals = new Refusals({ ...options, table: this.#table, supervisor: this.#supervisor });
    this.#surroundings = {
      clock,
      environment,
      resources,
      invoker,
      facets,
      events,
      directory,
      hooks,
      gapOf: (serviceId, from) => this.#gapOf(serviceId, from),
      isProvided: (serviceId) => {
        if (hostServices.has(serviceId)) return true;
        const { providers, dormant } = this.#making?.resolution ?? this.current.resolution;
        const provider = providers.get(serviceId);
        if (provider === undefined) return false;
        return dormant.has(provider) || (this.#making?.isRunnable(provider) ?? true);
      },
      failed: (instance) => void this.#background(instance.identity.name, () => this.#takeOut(instance)),
    };
    // Generation 0: entrances find their parts from the first moment on.
    this.#table.commit([], NOTHING_RESOLVED, this.#table.openViews(), () => []);
  }

  get current(): Generation {
    return this.#table.current;
  }
  get records(): ReadonlyMap<string, PluginRecord> {
    return this.#table.records;
  }
  get receipts(): readonly LeakReceipt[] {
    return this.#table.receipts.all;
  }
  get ready(): boolean {
    return this.#phase === 'ready';
  }

  announceStop(): void {
    for (const instance of this.current.instances.values()) instance.announceEnd();
  }

  apply(change: Change): Promise<ChangeReport> {
    return this.#enqueue(async () => {
      for (const { unit } of change.set ?? []) this.#table.units.track(unit);
      try {
        return await this.#reconcile(change, NONE);
      } finally {
        await this.#closeUnused(change);
      }
    });
  }

  /** Whatever became of the change: code that it brought and that does not run, or that it replaced, is closed. */
  async #closeUnused(change: Change): Promise<void> {
    const gone = [...leaving(change), ...(change.refuse ?? []).map(({ name }) => name)];
    const names = new Set([...namesIn(change), ...gone]);
    for (const name of names) await this.#table.units.sweep(name);
  }

  plan(change: Change): PlanStep[] {
    const draft = draftChange(this.#table, this.#options.hostServices, change, NONE);
    refuseBreaking(this.#table, change, draft);
    return [...draft.steps, ...this.#refusals.kept(change, draft)];
  }

  async stop(deadlineMs: number): Promise<void> {
    const timer = this.#options.clock.after(deadlineMs, () => {
      this.#deadline.resolve();
      this.#table.endDraining();
    });
    if (this.#phase !== 'stopping') {
      this.#phase = 'stopping';
      for (const instance of this.#underWay) {
        if (instance.phase === 'active') instance.interrupt(errors.BP_HOST_STOPPED({}));
        else instance.fail(errors.BP_HOST_STOPPED({}));
      }
      this.#enqueue(() => this.#stopAll()).catch(() => {});
    }
    await this.settled();
    timer.cancel();
  }

  async #stopAll(): Promise<void> {
    const instances = [...this.current.instances.values()];
    const names = [...this.records.keys()];
    for (const record of this.records.values()) {
      this.#supervisor.calm(record, false);
      record.desired = undefined;
      record.enter({ phase: 'stopped', reason: 'The host is stopping.' }, this.#options.clock.now());
    }
    const quiescing = instances.map((instance) =>
      runStep(instance, 'quiesce', () => instance.driver.quiesce()).catch(() => {}),
    );
    await Promise.race([Promise.all(quiescing), this.#deadline.promise]);
    try {
      this.#table.commit([], NOTHING_RESOLVED, this.#table.openViews(), () => []);
    } catch (error) {
      // A part that cannot be built without plugins must not keep them from being stopped.
      this.#options.onEvent({ level: 'error', plugin: 'host', message: messageOf(error), error });
    }
    const gone = this.#table.seeOut(instances);
    void this.#deadline.promise.then(() => this.#table.endDraining());
    await gone;
    for (const name of names) await this.#table.units.sweep(name);
  }

  async settled(): Promise<void> {
    for (let seen: unknown; seen !== this.#queue; ) {
      seen = this.#queue;
      await seen;
      await this.#table.drained();
    }
  }

  /** Starts a dormant plugin, and what it needs. Resolves when it runs, or cannot: never rejects. */
  wake(name: string): Promise<void> {
    const known = this.#waking.get(name);
    if (known !== undefined) return known;
    const waking = this.#background(name, async () => {
      this.#waking.delete(name);
      if (this.records.get(name)?.state.phase !== 'dormant') return;
      await this.#reconcile({ reason: 'It is used for the first time.', wake: [name] }, NONE);
    });
    this.#waking.set(name, waking);
    return waking;
  }

  /** What a call waits for whose provider is not there. Who takes part in the change under way cannot wait for the next one. */
  #gapOf(serviceId: string, from: Instance): Promise<void> | undefined {
    const provider = this.current.resolution.providers.get(serviceId);
    const record = provider === undefined ? undefined : this.records.get(provider);
    if (record?.gap !== undefined) return record.gap.wait();
    return record?.state.phase === 'dormant' && !this.#underWay.has(from) ? this.wake(record.name) : undefined;
  }

  async callService(
    serviceId: string,
    method: string,
    args: readonly unknown[],
    parent?: CallContext,
  ): Promise<unknown> {
    const provider = this.current.resolution.providers.get(serviceId);
    if (provider !== undefined && this.current.resolution.dormant.has(provider)) await this.wake(provider);
    const view = provider === undefined ? undefined : this.current.instances.get(provider)?.view;
    const binding = view?.binding(serviceId);
    if (!view || !binding) throw errors.BP_SERVICE_UNAVAILABLE({ plugin: 'host', service: serviceId });
    const call =
      parent instanceof KernelCall && parent.open
        ? parent.derive(view, undefined, false)
        : view.enter({ principal: SYSTEM });
    try {
      return await runWithCall(call, () => this.#options.invoker.call(call, binding, method, args));
    } finally {
      call.leave();
    }
  }

  #enqueue<T>(job: () => Promise<T>): Promise<T> {
    // Outside any call: a change that a request asked for must not keep that request's context alive.
    const result = this.#queue.then(() => runOutsideCalls(job));
    this.#queue = result.catch(() => {});
    return result;
  }

  /** A job whose failure is nobody's to handle: what goes wrong is told. Never rejects. */
  async #background(plugin: string, job: () => Promise<unknown>): Promise<void> {
    if (this.#phase === 'stopping') return;
    try {
      await this.#enqueue(job);
    } catch (error) {
      this.#options.onEvent({ level: 'error', plugin, message: 'a change could not be made', error });
    }
  }

  async #reconcile(change: Change, retried: ReadonlySet<string>): Promise<ChangeReport> {
    if (this.#phase === 'stopping') throw errors.BP_HOST_STOPPED({});
    const { clock, hostServices } = this.#options;
    const began = clock.monotonic();
    const refused = this.#refusals.enter(change);
    const draft = draftChange(this.#table, hostServices, change, retried);
    try {
      refuseBreaking(this.#table, change, draft);
    } catch (error) {
      this.#refusals.enterWhole(change, error);
      throw error;
    }
    for (const name of namesIn(change)) {
      const record = this.records.get(name);
      if (record) this.#supervisor.calm(record, true);
    }
    const execution = new ChangeExecution(
      {
        ...this.#options,
        table: this.#table,
        supervisor: this.#supervisor,
        create: (entry) => this.#create(entry),
        making: (candidate) => {
          this.#making = candidate;
          if (candidate === undefined) this.#underWay.clear();
        },
        asking: (instance) => this.#underWay.add(instance),
        renew: (name) =>
          void this.#background(name, () => this.#reconcile({ reason: 'It is renewed.', force: [name] }, NONE)),
        stopping: () => this.#phase === 'stopping',
      },
      change,
      draft,
      this.#phase === 'booting',
    );
    const kept = this.#refusals.kept(change, draft);
    const steps = await execution.run();
    if (this.#phase === 'booting' && !change.partial) this.#phase = 'ready';
    const report = {
      generation: this.current.id,
      steps: [...refused, ...steps, ...this.#refusals.mend(kept)],
      tookMs: clock.monotonic() - began,
    };
    this.#options.onChange(report);
    return report;
  }

  #create(entry: Entry): Instance {
    if (this.#phase === 'stopping') throw errors.BP_HOST_STOPPED({});
    const ordinal = this.#table.nextOrdinal(entry.name);
    const instance = new Instance(entry.desired.unit, entry.desired.config, ordinal, this.#surroundings);
    this.#underWay.add(instance);
    return instance;
  }

  /** Takes a running instance out that said it cannot go on. */
  async #takeOut(instance: Instance): Promise<void> {
    const { name } = instance.identity;
    const record = this.records.get(name);
    if (record?.instance !== instance || this.#phase === 'stopping') return;
    this.#supervisor.crashed(record, instance.failure);
    await this.#reconcile({ reason: `"${name}" failed.` }, NONE);
  }
}

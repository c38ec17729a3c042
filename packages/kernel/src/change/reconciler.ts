import { type Clock, messageOf } from '@backplane/base';
import type { ChangeReport, GenerationPart, LeakReceipt, PlanStep, StepReport } from '@backplane/ports';
import { runOutsideCalls, runWithCall } from '../call/call-storage.ts';
import type { HostServices } from '../call/host-services.ts';
import { SYSTEM } from '../call/kernel-call.ts';
import type { ServiceInvoker } from '../call/service-invoker.ts';
import { errors } from '../errors.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { KernelEvent } from '../kernel-event.ts';
import { failureOf } from '../lifecycle/failure-of.ts';
import { Instance, type InstanceFacets, type InstanceSurroundings } from '../lifecycle/instance.ts';
import type { PluginRecord } from '../lifecycle/plugin-record.ts';
import { runStep } from '../lifecycle/run-step.ts';
import { Supervisor } from '../lifecycle/supervisor.ts';
import type { ServiceDirectory } from '../registry/service-directory.ts';
import type { ResourceTable } from '../scope/resource-table.ts';
import type { Candidate, Entry } from './candidate.ts';
import { type Change, leaving } from './change.ts';
import { ChangeExecution } from './change-execution.ts';
import { type ChangeDraft, draftChange, namesIn, refuseBreaking } from './draft-change.ts';
import { type Generation, NOTHING_RESOLVED } from './generation.ts';
import { GenerationTable } from './generation-table.ts';

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
  readonly #surroundings: InstanceSurroundings;
  #queue: Promise<unknown> = Promise.resolve();
  #making: Candidate | undefined;
  /** Instances that the change under way has made. */
  readonly #made = new Set<Instance>();
  readonly #deadline = Promise.withResolvers<void>();
  #phase: 'booting' | 'ready' | 'stopping' = 'booting';

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { clock, environment, resources, invoker, facets, hostServices, events, directory } = options;
    this.#table = new GenerationTable(options);
    this.#supervisor = new Supervisor({
      ...options,
      retry: (name) => this.#background(name, () => this.#reconcile({ reason: 'It is tried again.' }, new Set([name]))),
    });
    this.#surroundings = {
      clock,
      environment,
      resources,
      invoker,
      facets,
      events,
      directory,
      gapOf: (serviceId) => {
        const provider = this.current.resolution.providers.get(serviceId);
        return provider === undefined ? undefined : this.records.get(provider)?.gap?.promise;
      },
      isProvided: (serviceId) => {
        if (hostServices.has(serviceId)) return true;
        const provider = (this.#making?.resolution ?? this.current.resolution).providers.get(serviceId);
        return provider !== undefined && (this.#making?.isRunnable(provider) ?? true);
      },
      failed: (instance) => this.#background(instance.identity.name, () => this.#takeOut(instance)),
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
    return [...draft.steps];
  }

  async stop(deadlineMs: number): Promise<void> {
    const timer = this.#options.clock.after(deadlineMs, () => {
      this.#deadline.resolve();
      this.#table.endDraining();
    });
    if (this.#phase !== 'stopping') {
      this.#phase = 'stopping';
      for (const instance of this.#made) if (instance.phase !== 'active') instance.fail(errors.BP_HOST_STOPPED({}));
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

  async callService(serviceId: string, method: string, args: readonly unknown[]): Promise<unknown> {
    const provider = this.current.resolution.providers.get(serviceId);
    const view = provider === undefined ? undefined : this.current.instances.get(provider)?.view;
    const binding = view?.binding(serviceId);
    if (!view || !binding) throw errors.BP_SERVICE_UNAVAILABLE({ plugin: 'host', service: serviceId });
    const call = view.enter({ principal: SYSTEM });
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

  /** A job that nobody waits for: what goes wrong is told. */
  #background(plugin: string, job: () => Promise<unknown>): void {
    if (this.#phase === 'stopping') return;
    this.#enqueue(job).catch((error) => {
      this.#options.onEvent({ level: 'error', plugin, message: 'a change could not be made', error });
    });
  }

  async #reconcile(change: Change, retried: ReadonlySet<string>): Promise<ChangeReport> {
    if (this.#phase === 'stopping') throw errors.BP_HOST_STOPPED({});
    const { clock, hostServices } = this.#options;
    const began = clock.monotonic();
    const refused = this.#refuse(change);
    const draft = draftChange(this.#table, hostServices, change, retried);
    try {
      refuseBreaking(this.#table, change, draft);
    } catch (error) {
      this.#noteRefused(change, error);
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
          if (candidate === undefined) this.#made.clear();
        },
        renew: (name) =>
          this.#background(name, () => this.#reconcile({ reason: 'It is renewed.', force: [name] }, NONE)),
        stopping: () => this.#phase === 'stopping',
      },
      change,
      draft,
      this.#phase === 'booting',
    );
    const steps = await execution.run();
    if (this.#phase === 'booting') this.#phase = 'ready';
    const kept = this.#mended(change, draft);
    const report = {
      generation: this.current.id,
      steps: [...refused, ...steps, ...kept],
      tookMs: clock.monotonic() - began,
    };
    this.#options.onChange(report);
    return report;
  }

  #create(entry: Entry): Instance {
    if (this.#phase === 'stopping') throw errors.BP_HOST_STOPPED({});
    const ordinal = this.#table.nextOrdinal(entry.name);
    const instance = new Instance(entry.desired.unit, entry.desired.config, ordinal, this.#surroundings);
    this.#made.add(instance);
    return instance;
  }

  /** Plugins whose last change had failed and for which the change at hand asks what runs already. */
  #mended(change: Change, { steps }: ChangeDraft): StepReport[] {
    const moved = new Set(steps.map(({ name }) => name));
    return namesIn(change).flatMap((name): StepReport[] => {
      const record = this.records.get(name);
      const version = record?.instance?.data.version;
      if (moved.has(name) || version === undefined || record?.lastChange?.outcome !== 'returned') return [];
      record.lastChange = { outcome: 'applied', at: this.#options.clock.now(), version };
      const reason = 'what runs is what is asked for again';
      return [
        {
          name,
          action: 'keep',
          fromVersion: version,
          toVersion: version,
          reason,
          outcome: 'applied',
          failure: undefined,
        },
      ];
    });
  }

  /** Shows plugins whose code could not be loaded. */
  #refuse(change: Change): StepReport[] {
    return (change.refuse ?? []).map(({ name, origin, error }) => {
      const record = this.#table.record(name);
      record.origin = origin;
      const toVersion = record.instance?.data.version;
      this.#noteFailure(record, error);
      const outcome = record.instance ? 'returned' : 'failed';
      return {
        name,
        action: 'refuse',
        fromVersion: toVersion,
        toVersion,
        reason: error.message,
        outcome,
        failure: failureOf(error),
      };
    });
  }

  #noteRefused(change: Change, error: unknown): void {
    for (const { unit } of change.set ?? []) this.#noteFailure(this.#table.record(unit.data.name), error);
  }

  #noteFailure(record: PluginRecord, error: unknown): void {
    const now = this.#options.clock.now();
    const failure = failureOf(error);
    const version = record.instance?.data.version;
    if (record.instance) record.lastChange = { outcome: 'returned', at: now, version, failure };
    else {
      this.#supervisor.calm(record, true);
      record.desired = undefined;
      record.enter({ phase: 'refused', failure }, now);
    }
    this.#options.onEvent({ level: 'error', plugin: record.name, message: failure.message, error });
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

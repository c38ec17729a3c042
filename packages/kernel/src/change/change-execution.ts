import type { BackplaneError, Clock } from '@backplane/base';
import type { Handover } from '@backplane/plugin-api';
import type { GenerationPart, PlanStep, StepReport } from '@backplane/ports';
import { errors } from '../errors.ts';
import type { KernelEvent } from '../kernel-event.ts';
import { failureOf } from '../lifecycle/failure-of.ts';
import type { Instance } from '../lifecycle/instance.ts';
import type { DesiredPlugin } from '../lifecycle/plugin-record.ts';
import { runStep } from '../lifecycle/run-step.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import { Candidate, type Entry } from './candidate.ts';
import type { Change } from './change.ts';
import type { ChangeDraft } from './draft-change.ts';
import type { GenerationTable } from './generation-table.ts';
import { Transition } from './transition.ts';
import type { ViewTable } from './view-table.ts';

export interface ExecutionSurroundings {
  readonly clock: Clock;
  readonly table: GenerationTable;
  readonly supervisor: Supervisor;
  readonly hostServices: ReadonlyMap<string, object>;
  readonly parts: readonly GenerationPart<unknown>[];
  readonly onEvent: (event: KernelEvent) => void;
  create(entry: Entry): Instance;
  /** Tells which set of instances is being made, while it is. */
  making(candidate: Candidate | undefined): void;
}

/** Carries out one drafted change: stop what must stop first, prepare, activate, swap, see the old ones out. */
export class ChangeExecution {
  readonly #with: ExecutionSurroundings;
  readonly #change: Change;
  readonly #draft: ChangeDraft;
  readonly #booting: boolean;
  readonly #fresh: ReadonlyMap<string, PlanStep>;
  readonly #handovers = new Map<string, Handover>();
  readonly #failures = new Map<string, BackplaneError>();

  constructor(surroundings: ExecutionSurroundings, change: Change, draft: ChangeDraft, booting: boolean) {
    this.#with = surroundings;
    this.#change = change;
    this.#draft = draft;
    this.#booting = booting;
    const fresh = draft.steps.filter((step) => step.action === 'add' || step.action === 'replace');
    this.#fresh = new Map(fresh.map((step) => [step.name, step]));
  }

  /** @throws BP_CHANGE_RETURNED when the change is atomic and part of it failed. */
  async run(): Promise<StepReport[]> {
    const { table } = this.#with;
    const fallbacks = await this.#stopFirst();
    const candidate = this.#assemble();
    const views = table.openViews();
    const transition = new Transition(
      {
        parts: this.#with.parts,
        warm: !this.#booting,
        create: this.#with.create,
        entered: (name, phase) => table.record(name).enter({ phase }, this.#with.clock.now()),
      },
      candidate,
      views,
      this.#handovers,
    );
    this.#with.making(candidate);
    try {
      await transition.prepare(new Set(this.#fresh.keys()));
      this.#gather(candidate);
      if (!(this.#change.atomic && this.#failures.size > 0)) await transition.activate();
      this.#gather(candidate);
      await this.#fallBack(candidate, transition, fallbacks);
      if (this.#change.atomic && this.#failures.size > 0) await this.#takeBack(candidate, transition, views);
      this.#enterStates(candidate);
      await this.#swap(candidate, views);
      return this.#draft.steps.map((step) => this.#report(step));
    } finally {
      this.#with.making(undefined);
      this.#closeGaps(fallbacks);
    }
  }

  #assemble(): Candidate {
    const running = this.#with.table.current.instances;
    const entries = new Map<string, Entry>();
    for (const [name, desired] of this.#draft.desired) {
      const old = running.get(name);
      const next = this.#fresh.has(name) ? undefined : old;
      entries.set(name, { name, desired, old, next, progress: 'none', failure: undefined });
    }
    return new Candidate(entries, this.#with.hostServices, this.#draft.withheld, this.#draft.resolution);
  }

  #gather(candidate: Candidate): void {
    for (const { name, failure } of candidate.entries.values()) if (failure) this.#failures.set(name, failure);
  }

  /** Takes plugins that cannot exist twice out of service before their next version is made. Gives what to return to. */
  async #stopFirst(): Promise<Map<string, DesiredPlugin>> {
    const { table, clock } = this.#with;
    const fallbacks = new Map<string, DesiredPlugin>();
    const { instances, resolution } = table.current;
    for (const name of this.#fresh.keys()) {
      const old = instances.get(name);
      if (!old) continue;
      const rule = this.#draft.desired.get(name)?.unit.data.replace;
      if (old.data.replace !== 'stop-first' && rule !== 'stop-first') continue;
      fallbacks.set(name, { unit: old.unit, config: old.config });
      const record = table.record(name);
      record.gap = Promise.withResolvers();
      record.enter({ phase: 'replacing' }, clock.now());
    }
    if (fallbacks.size === 0) return fallbacks;
    for (const name of fallbacks.keys()) {
      const old = instances.get(name) as Instance;
      const state = await this.#quiesce(old);
      this.#handovers.set(name, { state, fromVersion: old.identity.version });
    }
    const staying = [...instances.values()].filter((instance) => !fallbacks.has(instance.identity.name));
    const reach = (from: Instance) =>
      [...(resolution.reach.get(from.identity.name) ?? [])].flatMap((name) =>
        fallbacks.has(name) ? [] : (instances.get(name) ?? []),
      );
    const departed = table.commit(staying, resolution, table.openViews(), reach);
    await table.seeOut(departed, resolution.edges);
    return fallbacks;
  }

  /** Brings back what was stopped first when its next version failed. */
  async #fallBack(
    candidate: Candidate,
    transition: Transition,
    fallbacks: ReadonlyMap<string, DesiredPlugin>,
  ): Promise<void> {
    for (const [name, fallback] of fallbacks) {
      const entry = candidate.entries.get(name);
      if (!entry?.failure) continue;
      candidate.revise(entry, fallback);
      await transition.prepare(new Set([name]));
      await transition.activate();
    }
  }

  async #takeBack(candidate: Candidate, transition: Transition, views: ViewTable): Promise<never> {
    const error = errors.BP_CHANGE_RETURNED(
      { plugins: [...this.#failures.keys()] },
      { cause: this.#failures.values().next().value },
    );
    await transition.abandon(error);
    views.retireUnused(true);
    for (const name of this.#fresh.keys()) {
      const entry = candidate.entries.get(name);
      if (entry?.old) this.#noteReturned(entry, this.#failures.get(name) ?? error);
      else this.#with.table.record(name).enter({ phase: 'stopped', reason: error.message }, this.#with.clock.now());
    }
    throw error;
  }

  /** Writes down what becomes of every plugin, before the swap makes it so. */
  #enterStates(candidate: Candidate): void {
    const { table, clock, supervisor } = this.#with;
    const now = clock.now();
    const { problems, blocked } = candidate.resolution;
    for (const entry of candidate.entries.values()) {
      const record = table.record(entry.name);
      record.desired = entry.desired;
      const failure = this.#failures.get(entry.name);
      if (entry.next && candidate.isRunnable(entry.name)) {
        record.enter({ phase: 'running' }, now);
        if (failure) this.#noteReturned(entry, failure);
        else if (this.#fresh.has(entry.name)) {
          record.lastChange = { outcome: 'applied', at: now, version: entry.desired.unit.data.version };
          supervisor.calm(record, false);
        }
      } else if (failure) supervisor.crashed(record, failure);
      else if (!this.#draft.withheld.has(entry.name)) {
        const problem = problems.get(entry.name);
        if (problem) record.enter({ phase: 'refused', failure: failureOf(problem) }, now);
        else this.#enterBlocked(entry.name, blocked.get(entry.name)?.by ?? []);
      }
    }
    for (const name of this.#change.remove ?? []) {
      const record = table.records.get(name);
      if (!record) continue;
      supervisor.calm(record, true);
      record.desired = undefined;
      record.enter({ phase: 'stopped', reason: this.#change.reason ?? 'It was removed.' }, now);
      if (!record.instance && record.draining.size === 0) table.records.delete(name);
    }
  }

  #enterBlocked(name: string, by: readonly string[]): void {
    const { table, clock } = this.#with;
    const reason = `It waits for ${by.map((other) => `"${other}"`).join(', ')}, which cannot run.`;
    table.record(name).enter({ phase: 'blocked', by, reason }, clock.now());
    this.#with.onEvent({ level: 'warn', plugin: name, message: `blocked: ${reason}` });
  }

  #noteReturned(entry: Entry, failure: BackplaneError): void {
    const { table, clock, onEvent } = this.#with;
    const serving = entry.old ?? entry.next;
    const version = serving?.data.version;
    const record = table.record(entry.name);
    record.lastChange = { outcome: 'returned', at: clock.now(), version, failure: failureOf(failure) };
    if (serving) record.desired = { unit: serving.unit, config: serving.config };
    const message = `the new version failed, ${version} serves on: ${failure.message}`;
    onEvent({ level: 'error', plugin: entry.name, message, error: failure });
  }

  async #swap(candidate: Candidate, views: ViewTable): Promise<void> {
    const { table } = this.#with;
    const previous = table.current;
    const next = new Set(candidate.instances());
    // What is replaced has quiesced already; what leaves without a successor has not.
    const leaving = [...previous.instances.values()].filter(
      (instance) => !next.has(instance) && !candidate.entries.get(instance.identity.name)?.next,
    );
    await Promise.all(leaving.map((instance) => this.#quiesce(instance)));
    const departed = table.commit([...next], candidate.resolution, views, (from) => candidate.reach(from));
    const arrived = [...next].filter((instance) => previous.instances.get(instance.identity.name) !== instance);
    for (const instance of arrived) {
      runStep(instance, 'resume', () => instance.driver.resume()).catch((error) => instance.fail(error));
      const { name, version } = instance.identity;
      const before = previous.instances.get(name)?.identity.version;
      const message = before === undefined ? `${version} runs` : `${before} was replaced by ${version}`;
      this.#with.onEvent({ level: 'info', plugin: name, message });
    }
    void table.seeOut(departed, previous.resolution.edges);
  }

  async #quiesce(instance: Instance): Promise<unknown> {
    try {
      return await runStep(instance, 'quiesce', () => instance.driver.quiesce());
    } catch (error) {
      const message = 'it did not quiesce; it is stopped all the same';
      this.#with.onEvent({ level: 'warn', plugin: instance.identity.name, message, error });
      return undefined;
    }
  }

  #closeGaps(fallbacks: ReadonlyMap<string, DesiredPlugin>): void {
    for (const name of fallbacks.keys()) {
      const record = this.#with.table.record(name);
      record.gap?.resolve();
      record.gap = undefined;
    }
  }

  #report(step: PlanStep): StepReport {
    const failure = this.#failures.get(step.name);
    const serves = this.#with.table.current.instances.has(step.name);
    const state = this.#with.table.records.get(step.name)?.state;
    const shown = failure
      ? failureOf(failure)
      : step.action !== 'remove' && !serves && state && 'failure' in state
        ? state.failure
        : undefined;
    const failed = step.action !== 'remove' && !serves;
    return { ...step, outcome: failed ? 'failed' : failure ? 'returned' : 'applied', failure: shown };
  }
}

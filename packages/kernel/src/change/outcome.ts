import type { BackplaneError, Clock } from '@backplane/base';
import type { PlanStep, PluginState, StepReport } from '@backplane/ports';
import type { KernelEvent } from '../kernel-event.ts';
import { failureOf } from '../lifecycle/failure-of.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import type { Candidate, Entry } from './candidate.ts';
import { type Change, leaving } from './change.ts';
import type { ChangeDraft } from './draft-change.ts';
import type { GenerationTable } from './generation-table.ts';

const DORMANT = { phase: 'dormant', reason: 'It starts at its first use (auto_load: false).' } as const;

/** Nothing but a change gets it out of there. */
const rests = (state: PluginState | undefined): boolean =>
  state !== undefined && ['refused', 'blocked', 'dormant', 'disabled'].includes(state.phase);

export interface OutcomeOptions {
  readonly table: GenerationTable;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly onEvent: (event: KernelEvent) => void;
}

/** What becomes of each plugin in one change, written down where people look. */
export class Outcome {
  /** The first failure of each plugin. */
  readonly failures = new Map<string, BackplaneError>();
  readonly #with: OutcomeOptions;
  readonly #change: Change;
  readonly #draft: ChangeDraft;
  readonly #moved: ReadonlySet<string>;
  /** Where those were before anything was tried. */
  readonly #before: ReadonlyMap<string, PluginState | undefined>;

  /** `moved` are the plugins that get a new instance, or take their new configuration in place. */
  constructor(options: OutcomeOptions, change: Change, draft: ChangeDraft, moved: ReadonlySet<string>) {
    this.#with = options;
    this.#change = change;
    this.#draft = draft;
    this.#moved = moved;
    this.#before = new Map([...moved].map((name) => [name, options.table.records.get(name)?.state]));
  }

  /** Remembers what has failed so far. */
  gather(candidate: Candidate): void {
    for (const { name, failure } of candidate.entries.values()) {
      if (failure && !this.failures.has(name)) this.failures.set(name, failure);
    }
  }

  /** Writes the state of every plugin, before the swap makes it so. Gives a way back. */
  enter(candidate: Candidate): () => void {
    const { table, clock } = this.#with;
    const now = clock.now();
    const checkpoints = [...table.records.values()].map((record) => record.checkpoint());
    for (const entry of candidate.entries.values()) this.#enterState(entry, candidate, now);
    for (const name of this.#change.remove ?? []) {
      const record = table.records.get(name);
      if (!record || candidate.entries.has(name)) continue;
      record.desired = undefined;
      record.awake = false;
      record.enter({ phase: 'stopped', reason: this.#change.reason ?? 'It was removed.' }, now);
    }
    for (const { name, origin, reason } of this.#change.disable ?? []) {
      const record = table.record(name);
      record.desired = undefined;
      record.awake = false;
      record.origin = origin;
      record.enter({ phase: 'disabled', reason }, now);
    }
    return () => {
      for (const putBack of checkpoints) putBack(clock.now());
    };
  }

  /** Forgets what was removed and is gone already; the rest is forgotten when it has drained. */
  forgetRemoved(): void {
    const { table, supervisor } = this.#with;
    for (const name of leaving(this.#change)) {
      const record = table.records.get(name);
      if (!record || record.desired) continue;
      supervisor.calm(record, true);
      if (record.state.phase === 'stopped' && !record.instance && record.draining.size === 0)
        table.records.delete(name);
    }
  }

  /** Writes down that the whole change was taken back. `gap` are plugins that are still to be brought back. */
  enterReturned(candidate: Candidate, error: BackplaneError, gap: { has(name: string): boolean }): void {
    const { table, clock, supervisor } = this.#with;
    for (const name of this.#moved) {
      const entry = candidate.entries.get(name);
      const record = table.record(name);
      const failure = this.failures.get(name) ?? error;
      if (entry?.old || gap.has(name)) this.#noteReturned(name, record.desired ?? entry?.old, failure);
      else if (rests(this.#before.get(name))) record.enter(this.#before.get(name) as PluginState, clock.now());
      else if (record.desired) supervisor.crashed(record, failure);
      else record.enter({ phase: 'stopped', reason: error.message }, clock.now());
    }
  }

  report(step: PlanStep): StepReport {
    const { current, records } = this.#with.table;
    const failure = this.failures.get(step.name);
    const failed = step.action !== 'remove' && !current.instances.has(step.name);
    const state = records.get(step.name)?.state;
    const shown = failure ? failureOf(failure) : failed && state && 'failure' in state ? state.failure : undefined;
    return { ...step, outcome: failed ? 'failed' : failure ? 'returned' : 'applied', failure: shown };
  }

  #enterState(entry: Entry, candidate: Candidate, now: number): void {
    const { table, supervisor } = this.#with;
    const { name, next, old, desired } = entry;
    const record = table.record(name);
    const failure = entry.failure ?? this.failures.get(name);
    // Where nothing differs, what was brought comes to no use, and what runs is what is wanted.
    record.desired =
      next !== undefined && next === old && !failure ? { unit: old.unit, config: desired.config } : desired;
    if (next && candidate.isRunnable(name)) {
      record.enter({ phase: 'running' }, now);
      record.awake = true;
      if (failure) this.#noteReturned(name, old ?? next, this.failures.get(name) ?? failure);
      else if (this.#moved.has(name)) {
        record.lastChange = { outcome: 'applied', at: now, version: desired.unit.data.version };
        supervisor.calm(record, false);
      }
    } else if (failure) supervisor.crashed(record, failure);
    else if (!this.#draft.withheld.has(name)) {
      const { problems, blocked, dormant } = candidate.resolution;
      const problem = problems.get(name);
      if (problem) this.#enterRefused(name, problem);
      else if (dormant.has(name)) record.enter(DORMANT, now);
      else this.#enterBlocked(name, blocked.get(name)?.by ?? []);
    }
  }

  /** Told when it begins, not at every change that leaves it so. */
  #enterRefused(name: string, problem: BackplaneError): void {
    const { table, clock, onEvent } = this.#with;
    const isNews = table.record(name).enter({ phase: 'refused', failure: failureOf(problem) }, clock.now());
    if (isNews) onEvent({ level: 'error', plugin: name, message: problem.message, error: problem });
  }

  #enterBlocked(name: string, by: readonly string[]): void {
    const { table, clock, onEvent } = this.#with;
    const reason = `It waits for ${by.map((other) => `"${other}"`).join(', ')}, which cannot run.`;
    const isNews = table.record(name).enter({ phase: 'blocked', by, reason }, clock.now());
    if (isNews) onEvent({ level: 'warn', plugin: name, message: `blocked: ${reason}` });
  }

  #noteReturned(name: string, serving: Entry['desired'] | undefined, failure: BackplaneError): void {
    const { table, clock, onEvent } = this.#with;
    const version = serving?.unit.data.version;
    const record = table.record(name);
    record.lastChange = { outcome: 'returned', at: clock.now(), version, failure: failureOf(failure) };
    if (serving) record.desired = { unit: serving.unit, config: serving.config };
    const inPlace = this.#draft.steps.some((step) => step.name === name && step.action === 'reconfigure');
    const what = inPlace ? 'the new configuration was refused' : 'the new version failed';
    const message = `${what}, ${version} serves on: ${failure.message}`;
    onEvent({ level: 'error', plugin: name, message, error: failure });
  }
}

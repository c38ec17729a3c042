import type { PlanStep, StepReport } from '@backplane/ports';
import { failureOf } from '../lifecycle/failure-of.ts';
import type { PluginRecord } from '../lifecycle/plugin-record.ts';
import type { Change } from './change.ts';
import { type ChangeDraft, namesIn } from './draft-change.ts';
import type { OutcomeOptions } from './outcome.ts';

/** Writes down what was refused before anything of it was tried, and what is no longer. */
export class Refusals {
  readonly #with: OutcomeOptions;

  constructor(surroundings: OutcomeOptions) {
    this.#with = surroundings;
  }

  /** Shows plugins whose code could not be loaded. */
  enter(change: Change): StepReport[] {
    return (change.refuse ?? []).map(({ name, origin, error }) => {
      const record = this.#with.table.record(name);
      record.origin = origin;
      const toVersion = record.instance?.data.version;
      this.#note(record, error);
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

  /** Shows that a change as a whole was refused. */
  enterWhole(change: Change, error: unknown): void {
    for (const { unit } of change.set ?? []) this.#note(this.#with.table.record(unit.data.name), error);
  }

  /** Plugins whose last change had failed and for which the change at hand asks what runs already. */
  kept(change: Change, { steps }: ChangeDraft): PlanStep[] {
    const { records } = this.#with.table;
    const moved = new Set(steps.map(({ name }) => name));
    return namesIn(change).flatMap((name): PlanStep[] => {
      const record = records.get(name);
      const version = record?.instance?.data.version;
      if (moved.has(name) || version === undefined || record?.lastChange?.outcome !== 'returned') return [];
      const reason = 'what runs is what is asked for again';
      return [{ name, action: 'keep', fromVersion: version, toVersion: version, reason }];
    });
  }

  /** Writes down that those are as they should be. */
  mend(kept: readonly PlanStep[]): StepReport[] {
    const { table, clock } = this.#with;
    return kept.map((step) => {
      const record = table.record(step.name);
      record.lastChange = { outcome: 'applied', at: clock.now(), version: step.toVersion as string };
      return { ...step, outcome: 'applied', failure: undefined };
    });
  }

  #note(record: PluginRecord, error: unknown): void {
    const { clock, supervisor, onEvent } = this.#with;
    const now = clock.now();
    const failure = failureOf(error);
    const version = record.instance?.data.version;
    if (record.instance) record.lastChange = { outcome: 'returned', at: now, version, failure };
    else {
      supervisor.calm(record, true);
      record.desired = undefined;
      record.enter({ phase: 'refused', failure }, now);
    }
    onEvent({ level: 'error', plugin: record.name, message: failure.message, error });
  }
}

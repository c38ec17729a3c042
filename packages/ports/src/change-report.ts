import type { Failure } from './plugin-status.ts';

/**
 * `reconfigure`: the instance that runs takes its new configuration in place. It may say that it cannot, which nobody knows before it is
 * asked: the report then says `replace`.
 */
export type PlanAction = 'keep' | 'add' | 'replace' | 'reconfigure' | 'remove';

/** One line of a plan. */
export interface PlanStep {
  readonly name: string;
  readonly action: PlanAction;
  readonly fromVersion: string | undefined;
  readonly toVersion: string | undefined;
  /** For people. */
  readonly reason: string;
}

/** One line of what became of a plan. */
export interface StepReport extends Omit<PlanStep, 'action'> {
  readonly action: PlanAction | 'refuse';
  /** `returned`: the version before serves on, with the values before. `failed`: nothing serves. */
  readonly outcome: 'applied' | 'returned' | 'failed';
  readonly failure: Failure | undefined;
}

/** What became of a change. */
export interface ChangeReport {
  /** The generation that holds its result. */
  readonly generation: number;
  readonly steps: readonly StepReport[];
  /** Milliseconds from the beginning of the work to the swap. */
  readonly tookMs: number;
}

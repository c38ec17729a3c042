import type { PlanStep, StateDifference, StateEdit, StateOutcome, StatePlan, StepReport } from '@backplane/ports';
import type { ChangeBody } from '@backplane/wire';
import type { ApiParts } from './api-parts.ts';
import type { ApiRequest } from './api-route.ts';

const differenceBody = ({ plugin, key, before, after }: StateDifference) => ({
  plugin,
  key,
  before: before ?? null,
  after: after ?? null,
});

export const stepBody = (step: PlanStep | StepReport): ChangeBody['steps'][number] => ({
  plugin: step.name,
  action: step.action,
  from_version: step.fromVersion ?? null,
  to_version: step.toVersion ?? null,
  reason: step.reason,
  outcome: 'outcome' in step ? step.outcome : null,
});

export const planBody = ({ revision, differences, steps }: StatePlan): ChangeBody => ({
  dry_run: true,
  revision,
  generation: null,
  differences: differences.map(differenceBody),
  steps: steps.map(stepBody),
  took_ms: null,
});

export const outcomeBody = ({ revision, differences, report }: StateOutcome): ChangeBody => ({
  dry_run: false,
  revision: revision.id,
  generation: report?.generation ?? null,
  differences: differences.map(differenceBody),
  steps: (report?.steps ?? []).map(stepBody),
  took_ms: report?.tookMs ?? null,
});

/** Makes a change, or says what it would do where that is asked for. */
export async function change(
  { desk }: ApiParts,
  { author, origin, comment, query }: ApiRequest,
  edit: Pick<StateEdit, 'action' | 'target' | 'edit' | 'expected'>,
  dryRun: boolean = query?.dry_run === true,
): Promise<ChangeBody> {
  const asked: StateEdit = { author, origin, comment, ...edit };
  return dryRun ? planBody(await desk.plan(asked)) : outcomeBody(await desk.apply(asked));
}

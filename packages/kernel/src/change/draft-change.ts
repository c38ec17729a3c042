import { BackplaneError } from '@backplane/base';
import type { PlanStep } from '@backplane/ports';
import { errors } from '../errors.ts';
import { type Resolution, resolveGraph } from '../graph/resolve-graph.ts';
import type { DesiredPlugin } from '../lifecycle/plugin-record.ts';
import { type Change, leaving } from './change.ts';
import type { GenerationTable } from './generation-table.ts';
import { planChange } from './plan-change.ts';

/** A change that has been thought through and not begun. */
export interface ChangeDraft {
  readonly desired: ReadonlyMap<string, DesiredPlugin>;
  /** Plugins that are there but wait for their next attempt, or are quarantined. */
  readonly withheld: ReadonlyMap<string, BackplaneError>;
  readonly resolution: Resolution;
  readonly steps: readonly PlanStep[];
}

/** Names that a change speaks of itself: whatever they did before, they are tried. */
export function namesIn(change: Change): string[] {
  return [...(change.force ?? []), ...(change.set ?? []).map(({ unit }) => unit.data.name)];
}

/** Works out what a change means. Nothing is touched. `retried` are failed plugins whose time has come. */
export function draftChange(
  table: GenerationTable,
  hostServices: { has(id: string): boolean },
  change: Change,
  retried: ReadonlySet<string>,
): ChangeDraft {
  const desired = new Map<string, DesiredPlugin>();
  for (const record of table.records.values()) if (record.desired) desired.set(record.name, record.desired);
  for (const plugin of change.set ?? []) desired.set(plugin.unit.data.name, plugin);
  for (const name of leaving(change)) desired.delete(name);

  const tried = new Set([...retried, ...namesIn(change)]);
  const withheld = new Map<string, BackplaneError>();
  for (const name of desired.keys()) {
    const state = table.records.get(name)?.state;
    if ((state?.phase === 'failed' || state?.phase === 'quarantined') && !tried.has(name)) {
      const { code, message } = state.failure;
      withheld.set(name, new BackplaneError({ code, status: 503, details: {} }, message));
    }
  }
  const started = new Set([...retried, ...(change.force ?? []), ...(change.wake ?? [])]);
  const lazy = new Set<string>();
  for (const [name, { unit }] of desired) {
    const isLazy = !unit.data.autoLoad && !table.records.get(name)?.awake;
    if (isLazy && !started.has(name) && !withheld.has(name)) lazy.add(name);
  }
  const resolution = resolveGraph(dataOf(desired), hostServices, withheld, lazy);
  const steps = planChange(table.current.instances, desired, new Set(resolution.order), new Set(change.force));
  return { desired, withheld, resolution, steps };
}

/**
 * Refuses a change of code or configuration that would stop plugins it does not speak of. Removing is another matter: then they are stopped
 * with the reason.
 * @throws BP_CHANGE_BREAKS_DEPENDENTS
 */
export function refuseBreaking(
  table: GenerationTable,
  change: Change,
  { desired, resolution, withheld }: ChangeDraft,
): void {
  if (change.set === undefined || change.set.length === 0 || leaving(change).length > 0) return;
  const spoken = new Set(namesIn(change));
  const plugins: string[] = [];
  const reasons: string[] = [];
  for (const name of table.current.instances.keys()) {
    if (!desired.has(name) || spoken.has(name) || withheld.has(name)) continue;
    const problem = resolution.problems.get(name);
    const by = resolution.blocked.get(name)?.by;
    if (!problem && !by?.some((other) => spoken.has(other))) continue;
    plugins.push(name);
    for (const error of [problem, ...(by ?? []).map((other) => resolution.problems.get(other))]) {
      if (error) reasons.push(error.message);
    }
  }
  if (plugins.length > 0) throw errors.BP_CHANGE_BREAKS_DEPENDENTS({ plugins, reasons: [...new Set(reasons)] });
}

function dataOf(desired: ReadonlyMap<string, DesiredPlugin>) {
  return new Map([...desired].map(([name, { unit }]) => [name, unit.data]));
}

import type { Phase } from '@backplane/plugin-api';
import type { PluginData } from '@backplane/ports';

const PHASES: Readonly<Record<Phase, number>> = { infrastructure: 10, security: 20, middleware: 30, business: 40 };

/** The number of a phase; lower starts first. */
export const phaseNumber = (phase: Phase): number => PHASES[phase];

/** Phase, then priority, then name: where dependencies leave a choice, this makes it. */
export function compareStart(a: PluginData, b: PluginData): number {
  return (
    PHASES[a.phase] - PHASES[b.phase] || a.priority - b.priority || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  );
}

/** Inserts into a list sorted by `compareStart`, descending, so that the first to start is popped off its end. */
function insertSorted(ready: PluginData[], item: PluginData): void {
  let low = 0;
  let high = ready.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareStart(ready[middle] as PluginData, item) > 0) low = middle + 1;
    else high = middle;
  }
  ready.splice(low, 0, item);
}

/** Orders plugins so that dependencies come first, then phase, priority and name. Members of a cycle are left out. */
export function startOrder(
  plugins: ReadonlyMap<string, PluginData>,
  edges: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const waitingFor = new Map<string, number>();
  const dependents = new Map<string, string[]>();
  const ready: PluginData[] = [];
  for (const [name, data] of plugins) {
    const needed = [...(edges.get(name) ?? [])].filter((dependency) => plugins.has(dependency));
    waitingFor.set(name, needed.length);
    for (const dependency of needed) {
      const known = dependents.get(dependency);
      if (known) known.push(name);
      else dependents.set(dependency, [name]);
    }
    if (needed.length === 0) ready.push(data);
  }
  ready.sort((a, b) => compareStart(b, a));
  const order: string[] = [];
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    order.push(next.name);
    for (const dependent of dependents.get(next.name) ?? []) {
      const left = (waitingFor.get(dependent) ?? 0) - 1;
      waitingFor.set(dependent, left);
      if (left === 0) insertSorted(ready, plugins.get(dependent) as PluginData);
    }
  }
  return order;
}

import type { LeakReceipt, PluginStatus } from '@backplane/ports';
import type { PluginRecord } from './lifecycle/plugin-record.ts';
import { reasonOf } from './lifecycle/reason-of.ts';

type Edges = ReadonlyMap<string, ReadonlySet<string>>;

/** Who depends on each plugin, sorted. Made once for a whole page of statuses. */
export function dependentsIn(edges: Edges): ReadonlyMap<string, readonly string[]> {
  const dependents = new Map<string, string[]>();
  for (const name of [...edges.keys()].sort()) {
    for (const target of edges.get(name) ?? []) {
      const known = dependents.get(target);
      if (known) known.push(name);
      else dependents.set(target, [name]);
    }
  }
  return dependents;
}

/** Reads a record into plain data. `edges` and `dependents` are those of the current generation. */
export function statusOf(
  record: PluginRecord,
  edges: Edges,
  dependents: ReadonlyMap<string, readonly string[]>,
  receipts: readonly LeakReceipt[],
): PluginStatus {
  const { instance, desired } = record;
  const unit = instance?.unit ?? desired?.unit;
  const data = unit?.data;
  return {
    name: record.name,
    displayName: data?.displayName ?? record.name,
    version: data?.version,
    description: data?.description ?? '',
    type: data?.type ?? 'custom',
    kinds: data?.kinds ?? [],
    phase: data?.phase ?? 'business',
    priority: data?.priority ?? 100,
    level: unit?.level ?? 'inline',
    origin: unit?.origin ?? record.origin ?? '',
    state: record.state,
    since: record.since,
    reason: reasonOf(record.state),
    instance: instance?.identity.instance,
    inFlight: instance?.inFlight ?? 0,
    services: data?.provides ?? [],
    dependencies: [...(edges.get(record.name) ?? [])].sort(),
    dependents: dependents.get(record.name) ?? [],
    holds: instance?.scope.labels() ?? [],
    draining: [...record.draining].map(({ instance: { identity, inFlight } }) => ({
      version: identity.version,
      instance: identity.instance,
      inFlight,
    })),
    lastChange: record.lastChange,
    history: record.history,
    receipts: receipts.filter((receipt) => receipt.plugin === record.name),
  };
}

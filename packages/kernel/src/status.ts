import type { LeakReceipt, PluginStatus } from '@backplane/ports';
import type { PluginRecord } from './lifecycle/plugin-record.ts';
import { reasonOf } from './lifecycle/reason-of.ts';

/** Reads a record into plain data. `edges` are those of the current generation, `dependents` the same turned round. */
export function statusOf(
  record: PluginRecord,
  edges: ReadonlyMap<string, ReadonlySet<string>>,
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
    dependents: [...(dependents.get(record.name) ?? [])].sort(),
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

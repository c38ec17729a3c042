import type { IsolationLevel, Phase, PluginKind, PluginType } from '@backplane/plugin-api';
import type { LeakReceipt } from './lifecycle/leak-receipt.ts';
import type { LastChange, PluginRecord } from './lifecycle/plugin-record.ts';
import { type HistoryEntry, type PluginState, reasonOf } from './lifecycle/plugin-state.ts';

/** A version that was replaced or removed and still has calls. */
export interface DrainingStatus {
  readonly version: string;
  readonly instance: number;
  readonly inFlight: number;
}

/** All that can be told of a plugin without asking it. */
export interface PluginStatus {
  readonly name: string;
  readonly displayName: string;
  readonly version: string | undefined;
  readonly description: string;
  readonly type: PluginType;
  readonly kinds: readonly PluginKind[];
  readonly phase: Phase;
  readonly priority: number;
  readonly level: IsolationLevel;
  readonly origin: string;
  readonly state: PluginState;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Why it is in that state, in one sentence. */
  readonly reason: string;
  readonly instance: number | undefined;
  readonly inFlight: number;
  readonly services: readonly string[];
  readonly dependencies: readonly string[];
  readonly dependents: readonly string[];
  /** Labels of the effects its scope owns. */
  readonly holds: readonly string[];
  readonly draining: readonly DrainingStatus[];
  readonly lastChange: LastChange | undefined;
  readonly history: readonly HistoryEntry[];
  readonly receipts: readonly LeakReceipt[];
}

/** Reads a record into plain data. `edges` are those of the current generation. */
export function statusOf(
  record: PluginRecord,
  edges: ReadonlyMap<string, ReadonlySet<string>>,
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
    dependents: [...edges]
      .filter(([, targets]) => targets.has(record.name))
      .map(([name]) => name)
      .sort(),
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

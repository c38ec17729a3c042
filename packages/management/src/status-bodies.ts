import type { HealthReport } from '@backplane/plugin-api';
import type { Failure, LastChange, PluginState, PluginStatus } from '@backplane/ports';
import type { PlaceBody, PluginHealthBody, PluginStatusBody } from '@backplane/wire';

const time = (at: number): string => new Date(at).toISOString();

/** A failure as it goes over the wire. */
export function failureBody(failure: Failure) {
  return { code: failure.code, message: failure.message, stack: failure.stack ?? null };
}

function failureOf(state: PluginState | LastChange) {
  return 'failure' in state ? failureBody(state.failure) : null;
}

/** A plugin's status as it goes over the wire: snake_case, ISO times, nulls. */
export function pluginStatusBody(status: PluginStatus, handlers: readonly PlaceBody[]): PluginStatusBody {
  const { state, lastChange } = status;
  return {
    name: status.name,
    display_name: status.displayName,
    version: status.version ?? null,
    description: status.description,
    plugin_type: status.type.toUpperCase(),
    kinds: [...status.kinds],
    phase: status.phase,
    priority: status.priority,
    isolation: status.level,
    origin: status.origin,
    state: state.phase,
    since: time(status.since),
    reason: status.reason,
    failure: failureOf(state),
    retry_at: state.phase === 'failed' ? time(state.retryAt) : null,
    instance: status.instance ?? null,
    in_flight: status.inFlight,
    services: [...status.services],
    dependencies: [...status.dependencies],
    dependents: [...status.dependents],
    handlers: [...handlers],
    holds: [...status.holds],
    draining: status.draining.map(({ version, instance, inFlight }) => ({ version, instance, in_flight: inFlight })),
    last_change: lastChange
      ? {
          outcome: lastChange.outcome,
          at: time(lastChange.at),
          version: lastChange.version ?? null,
          failure: failureOf(lastChange),
        }
      : null,
    history: status.history.map(({ at, phase, version, reason }) => ({
      at: time(at),
      state: phase,
      version: version ?? null,
      reason: reason ?? null,
    })),
    receipts: status.receipts.map((receipt) => ({
      version: receipt.version,
      instance: receipt.instance,
      unloaded_at: time(receipt.unloadedAt),
      drained_ms: receipt.drainedMs,
      calls_ended: receipt.callsEnded,
      held: receipt.held.map(({ kind, label, reason, madeAt }) => ({ kind, label, reason, made_at: madeAt ?? null })),
      problems: [...receipt.problems],
    })),
  };
}

/** A plugin's health as it goes over the wire. */
export function pluginHealthBody(status: PluginStatus, health: HealthReport): PluginHealthBody {
  return {
    ...health.details,
    plugin: status.name,
    status: health.status,
    state: status.state.phase,
    version: status.version ?? null,
    ...(health.message !== undefined && { message: health.message }),
    checks: health.checks.map(({ durationMs, ageMs, ...check }) => ({
      ...check,
      ...(durationMs !== undefined && { duration_ms: durationMs }),
      ...(ageMs !== undefined && { age_ms: ageMs }),
    })),
    services: { ...health.services },
  };
}

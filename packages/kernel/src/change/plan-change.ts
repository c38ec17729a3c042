import { isDeepStrictEqual } from 'node:util';
import type { PlanStep } from '@backplane/ports';
import type { DesiredPlugin } from '../lifecycle/plugin-record.ts';

/** What a plan needs to know of a running plugin. */
export interface RunningPlugin {
  readonly unit: DesiredPlugin['unit'];
  readonly config: unknown;
  /** Whether it takes new configuration in place. */
  readonly reconfigurable: boolean;
  /** Why it cannot go on, when it has said so. */
  readonly failure: unknown;
}

/** Why nothing but a new instance will do. */
function differs(running: RunningPlugin, desired: DesiredPlugin): string | undefined {
  if (running.failure !== undefined) return 'it failed';
  if (running.unit.data.version !== desired.unit.data.version) {
    return `version ${running.unit.data.version} -> ${desired.unit.data.version}`;
  }
  if (running.unit.level !== desired.unit.level) return `${running.unit.level} -> ${desired.unit.level}`;
  if (running.unit.digest !== desired.unit.digest) return 'code changed';
  const same = running.unit === desired.unit || isDeepStrictEqual(settingsOf(running), settingsOf(desired));
  return same ? undefined : 'settings changed';
}

/**
 * What manifest and configuration say of a plugin to the host. The schema is part of the code, and another object each time; when to start is no
 * matter for what runs.
 */
const settingsOf = ({ unit: { data } }: Pick<DesiredPlugin, 'unit'>) => ({
  ...data,
  config: undefined,
  autoLoad: undefined,
});

/**
 * Compares what runs with what should run. Changes nothing; `keep` steps are left out. `runnable` says what the dependency graph allows,
 * `forced` names what is to be replaced although nothing differs.
 */
export function planChange(
  running: ReadonlyMap<string, RunningPlugin>,
  desired: ReadonlyMap<string, DesiredPlugin>,
  runnable: ReadonlySet<string>,
  forced: ReadonlySet<string> = new Set(),
): PlanStep[] {
  const steps: PlanStep[] = [];
  for (const [name, now] of running) {
    const fromVersion = now.unit.data.version;
    const next = desired.get(name);
    if (next === undefined) {
      steps.push({ name, action: 'remove', fromVersion, toVersion: undefined, reason: 'no longer wanted' });
    } else if (!runnable.has(name)) {
      steps.push({ name, action: 'remove', fromVersion, toVersion: undefined, reason: 'can no longer run' });
    } else {
      const needed = differs(now, next);
      const configured = isDeepStrictEqual(now.config, next.config) ? undefined : 'configuration changed';
      const reason = needed ?? configured ?? (forced.has(name) ? 'asked for' : undefined);
      if (reason === undefined) continue;
      const action = needed || forced.has(name) || !now.reconfigurable ? 'replace' : 'reconfigure';
      steps.push({ name, action, fromVersion, toVersion: next.unit.data.version, reason });
    }
  }
  for (const [name, next] of desired) {
    if (running.has(name) || !runnable.has(name)) continue;
    steps.push({
      name,
      action: 'add',
      fromVersion: undefined,
      toVersion: next.unit.data.version,
      reason: 'not running',
    });
  }
  return steps;
}

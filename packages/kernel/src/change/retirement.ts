import { type Clock, messageOf } from '@backplane/base';
import type { HeldEffect, LeakReceipt } from '@backplane/ports';
import type { Instance } from '../lifecycle/instance.ts';
import { runStep } from '../lifecycle/run-step.ts';

/** An instance on its way out. */
export interface Retirement {
  readonly instance: Instance;
  readonly receipt: Promise<LeakReceipt>;
  /** Ends what is in flight now, in place of at the drain limit. */
  endNow(): void;
}

/**
 * Takes an instance out of the world: waits for `after` (its dependents, its own quiescing) and for its calls, at most `drainMs` from now, ends those that are left,
 * then stops it, undoes its scope and disposes the driver. Never rejects: what went wrong stands on the receipt.
 */
export function retire(
  instance: Instance,
  clock: Clock,
  drainMs: number,
  after: readonly (Promise<unknown> | undefined)[] = [],
): Retirement {
  const hurry = Promise.withResolvers<void>();
  const timer = clock.after(drainMs, hurry.resolve);
  const drained = instance.drained();
  return { instance, receipt: run(), endNow: hurry.resolve };

  async function run(): Promise<LeakReceipt> {
    const began = clock.monotonic();
    const problems: string[] = [];
    await Promise.all(after);
    await Promise.race([drained, hurry.promise]);
    timer.cancel();
    const callsEnded = instance.inFlight;
    const drainedMs = clock.monotonic() - began;
    instance.end();
    const attempt = attemptInto(problems, instance);
    await attempt('stop', () => instance.driver.stop());
    const held = [...(await undo(instance, problems)), ...(await instance.scope.close())];
    instance.releaseDependencies();
    await attempt('dispose', () => instance.driver.dispose());
    const { name, version, instance: ordinal } = instance.identity;
    return {
      plugin: name,
      version,
      instance: ordinal,
      unloadedAt: clock.now(),
      drainedMs,
      callsEnded,
      held,
      problems,
    };
  }
}

/** Throws away an instance that never served. Its view is the change's to retire. Gives what went wrong. */
export async function discard(instance: Instance, wasStarted: boolean): Promise<string[]> {
  const problems: string[] = [];
  const attempt = attemptInto(problems, instance);
  instance.end();
  if (wasStarted) await attempt('stop', () => instance.driver.stop());
  for (const held of [...(await undo(instance, problems)), ...(await instance.scope.close())])
    problems.push(`${held.label}: ${held.reason}`);
  if (instance.driver) await attempt('dispose', () => instance.driver.dispose());
  return problems;
}

async function undo({ driver }: Instance, problems: string[]): Promise<readonly HeldEffect[]> {
  try {
    // Not there when the unit could not make it.
    return (await driver?.undo?.()) ?? [];
  } catch (error) {
    problems.push(messageOf(error));
    return [];
  }
}

function attemptInto(problems: string[], instance: Instance) {
  return async (step: 'stop' | 'dispose', action: () => Promise<void>) => {
    try {
      await runStep(instance, step, action);
    } catch (error) {
      problems.push(messageOf(error));
    }
  };
}

import { findUncloneable, isBackplaneError } from '@backplane/base';
import type { Handover } from '@backplane/plugin-api';
import { errors } from '../errors.ts';
import type { KernelEvent } from '../kernel-event.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { runStep } from '../lifecycle/run-step.ts';

export interface HandoverOptions {
  readonly checkCloneable: boolean;
  readonly onEvent: (event: KernelEvent) => void;
}

/**
 * Quiesces an instance and takes what it leaves to the next version. One that does not answer in time leaves nothing, which is told: a
 * plugin that hangs must be replaceable.
 * @throws BP_STEP_FAILED, and with `checkCloneable` BP_HANDOVER_NOT_CLONEABLE; whoever called resumes it then.
 */
export async function takeHandover(
  instance: Instance,
  { checkCloneable, onEvent }: HandoverOptions,
): Promise<Handover> {
  const { name: plugin, version } = instance.identity;
  let state: unknown;
  try {
    state = await runStep(instance, 'quiesce', () => instance.driver.quiesce());
  } catch (error) {
    if (!isBackplaneError(error, 'BP_STEP_TIMEOUT')) throw error;
    const message = `${version} did not quiesce in time; it is replaced without handing over its state`;
    onEvent({ level: 'warn', plugin, message, error });
  }
  const found = checkCloneable ? findUncloneable(state) : undefined;
  if (found) throw errors.BP_HANDOVER_NOT_CLONEABLE({ plugin, version, ...found });
  return { state, fromVersion: version };
}

/** Lets an instance go on that was to be replaced; one that cannot has failed. */
export async function resume(instance: Instance): Promise<void> {
  try {
    await runStep(instance, 'resume', () => instance.driver.resume());
  } catch (error) {
    instance.fail(error);
  }
}

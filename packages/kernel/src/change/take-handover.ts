import { findUncloneable } from '@backplane/base';
import type { Handover } from '@backplane/plugin-api';
import { errors } from '../errors.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { runStep } from '../lifecycle/run-step.ts';

/**
 * Quiesces an instance and takes what it leaves to the next version.
 * @throws BP_STEP_TIMEOUT, BP_STEP_FAILED, and with `checkCloneable` BP_HANDOVER_NOT_CLONEABLE; whoever called resumes it then.
 */
export async function takeHandover(instance: Instance, checkCloneable: boolean): Promise<Handover> {
  const state = await runStep(instance, 'quiesce', () => instance.driver.quiesce());
  const { name: plugin, version } = instance.identity;
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

import { type BackplaneError, findUncloneable, isBackplaneError, messageOf } from '@backplane/base';
import type { Handover } from '@backplane/plugin-api';
import { errors } from '../errors.ts';
import type { KernelEvent } from '../kernel-event.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { runStep } from '../lifecycle/run-step.ts';

export interface HandoverOptions {
  readonly checkCloneable: boolean;
  readonly onEvent: (event: KernelEvent) => void;
}

/** Those whose state could not be had once: who asks again wants them replaced all the same. */
const asked = new WeakSet<Instance>();

/**
 * Quiesces an instance and takes what it leaves to the next version. A plugin must be replaceable whatever its code does: one that does not
 * answer in time leaves nothing, and so does one that fails for the second time. Both are told.
 * @throws BP_HANDOVER_FAILED, and with `checkCloneable` BP_HANDOVER_NOT_CLONEABLE, the first time; whoever called resumes it then.
 */
export async function takeHandover(
  instance: Instance,
  { checkCloneable, onEvent }: HandoverOptions,
): Promise<Handover> {
  const { name: plugin, version } = instance.identity;
  const without = (why: string, error: unknown): Handover => {
    const message = `${version} ${why}; it is replaced without handing over its state`;
    onEvent({ level: 'warn', plugin, message, error });
    return { state: undefined, fromVersion: version };
  };
  const refuse = (error: BackplaneError): Handover => {
    if (asked.has(instance)) return without('could not hand over its state for the second time', error);
    asked.add(instance);
    throw error;
  };
  let state: unknown;
  try {
    state = await runStep(instance, 'quiesce', () => instance.driver.quiesce());
  } catch (error) {
    if (isBackplaneError(error, 'BP_STEP_TIMEOUT')) return without('did not quiesce in time', error);
    if (!isBackplaneError(error, 'BP_STEP_FAILED')) throw error;
    const { cause } = error;
    if (isBackplaneError(cause, 'BP_NOT_CLONEABLE')) {
      // It had to cross from another process, and could not.
      const { path, reason } = cause.details as { readonly path: string; readonly reason: string };
      return refuse(errors.BP_HANDOVER_NOT_CLONEABLE({ plugin, version, path, reason }, { cause }));
    }
    const reason = messageOf(cause);
    return refuse(errors.BP_HANDOVER_FAILED({ plugin, version, reason }, { cause: error.cause }));
  }
  const found = checkCloneable ? findUncloneable(state) : undefined;
  if (found) return refuse(errors.BP_HANDOVER_NOT_CLONEABLE({ plugin, version, ...found }));
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

import { isBackplaneError } from '@backplane/base';
import { errors } from '../errors.ts';
import type { Instance } from './instance.ts';
import { runStep } from './run-step.ts';

/**
 * Gives what runs its new configuration, which `config` shows once it is accepted. An answer that comes after its time no longer counts: an instance
 * that accepts too late is put back, and `stuck` is called where that fails.
 * @throws BP_STEP_TIMEOUT, BP_STEP_FAILED with the plugin's own error as cause; the previous configuration holds.
 */
export async function reconfigure(
  instance: Instance,
  next: unknown,
  stuck: (error: unknown) => void,
): Promise<'accepted' | 'replace'> {
  const previous = instance.config;
  let asked: Promise<'accepted' | 'replace'> | undefined;
  try {
    const answer = await runStep(instance, 'reconfigure', () => {
      asked = instance.driver.reconfigure(next, previous);
      return asked;
    });
    if (answer === 'accepted') instance.config = next;
    return answer;
  } catch (error) {
    if (asked && isBackplaneError(error, 'BP_STEP_TIMEOUT')) void awaitLateAnswer(instance, asked, next, stuck);
    throw error;
  }
}

/**
 * Has an instance take the configuration again that it had before. One that has ended or is about to needs not be asked.
 * @throws BP_RECONFIGURE_NOT_BACK; `config` then still shows what it runs with.
 */
export async function putBack(instance: Instance, previous: unknown): Promise<void> {
  if (instance.phase === 'active' && instance.failure === undefined) {
    const { name: plugin, version } = instance.identity;
    const ask = () => instance.driver.reconfigure(previous, instance.config);
    let cause: unknown;
    const answer = await runStep(instance, 'reconfigure', ask).catch((error: unknown) => {
      cause = error;
    });
    if (answer !== 'accepted') throw errors.BP_RECONFIGURE_NOT_BACK({ plugin, version }, { cause });
  }
  instance.config = previous;
}

async function awaitLateAnswer(
  instance: Instance,
  asked: Promise<'accepted' | 'replace'>,
  next: unknown,
  stuck: (error: unknown) => void,
): Promise<void> {
  // Until then nobody knows what it runs with, so a further change replaces it.
  instance.owesAnswer = true;
  const previous = instance.config;
  try {
    if ((await asked) !== 'accepted' || instance.phase !== 'active') return;
  } catch {
    // Refusing too late is refusing.
    return;
  } finally {
    instance.owesAnswer = false;
  }
  instance.config = next;
  await putBack(instance, previous).catch(stuck);
}

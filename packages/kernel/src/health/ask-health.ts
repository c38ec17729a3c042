import { isBackplaneError, messageOf } from '@backplane/base';
import type { HealthAnswer } from '@backplane/plugin-api';
import type { Instance } from '../lifecycle/instance.ts';
import { runStep } from '../lifecycle/run-step.ts';

/** Never rejects: who cannot answer is unhealthy, with the reason. */
export async function askHealth(instance: Instance): Promise<HealthAnswer> {
  try {
    return await runStep(instance, 'health', () => instance.driver.health());
  } catch (error) {
    const code = isBackplaneError(error) ? error.code : undefined;
    return { status: 'unhealthy', message: messageOf(error), code };
  }
}

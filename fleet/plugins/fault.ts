import type { PluginContext } from '@backplane/plugin-api';
import type { FaultyStep, Variant } from './variant.ts';

/** The milliseconds after which a late fault comes: more than any limit of a faulty version. */
export const LATE_MS = 900;

/** Goes wrong here when that is what the version is made for. */
export async function strike(variant: Variant, step: FaultyStep, context?: PluginContext<never>): Promise<void> {
  const { fault } = variant;
  if (fault?.step !== step) return;
  const error = new Error(`made to fail in ${step}`);
  if (fault.way === 'throw') throw error;
  if (fault.way === 'fail') context?.fail(error);
  if (fault.way === 'hang' || fault.way === 'fail') await new Promise<never>(() => {});
  if (fault.way === 'late') {
    await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    throw error;
  }
}

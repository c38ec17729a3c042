import { isBackplaneError, messageOf } from '@backplane/base';
import { runOutsideCalls } from '../call/call-storage.ts';
import { errors } from '../errors.ts';
import type { Instance } from './instance.ts';

export type Step =
  | 'create'
  | 'initialize'
  | 'warm'
  | 'start'
  | 'health'
  | 'reconfigure'
  | 'quiesce'
  | 'resume'
  | 'stop'
  | 'dispose';

/** The limit that a step of the machinery shares with a step the author knows. */
const LIMIT_OF = {
  create: 'initialize',
  initialize: 'initialize',
  warm: 'initialize',
  start: 'start',
  health: 'health',
  reconfigure: 'reconfigure',
  quiesce: 'stop',
  resume: 'start',
  stop: 'stop',
  dispose: undefined,
} as const;

/** The machinery's own end is none of the author's time: a process is asked, told and forced within this. */
const DISPOSE_MS = 10_000;

/**
 * Runs one step of an instance under its time limit, outside any call.
 * @throws BP_STEP_TIMEOUT, BP_STEP_FAILED with the plugin's own error as cause.
 */
export function runStep<T>(instance: Instance, step: Step, action: () => Promise<T>): Promise<T> {
  const limit = LIMIT_OF[step];
  const limitMs = limit === undefined ? DISPOSE_MS : instance.data.limits[limit];
  const { name: plugin, version } = instance.identity;
  return new Promise<T>((resolve, reject) => {
    const end = () => {
      timer.cancel();
      instance.interrupts.delete(fail);
    };
    const fail = (reason: unknown) => {
      end();
      reject(
        isBackplaneError(reason, 'BP_STEP_TIMEOUT')
          ? reason
          : errors.BP_STEP_FAILED({ plugin, version, step, reason: messageOf(reason) }, { cause: reason }),
      );
    };
    const timer = instance.clock.after(limitMs, () => fail(errors.BP_STEP_TIMEOUT({ plugin, version, step, limitMs })));
    instance.interrupts.add(fail);
    try {
      runOutsideCalls(action).then((value) => {
        end();
        resolve(value);
      }, fail);
    } catch (error) {
      fail(error);
    }
  });
}

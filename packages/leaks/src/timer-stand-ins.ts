import { realPromises, realTimers } from './real-timers.ts';
import type { Pair } from './stand-ins.ts';
import type { TimerLedger } from './timer-ledger.ts';

export function timerStandIns(own: TimerLedger): readonly Pair[] {
  return [
    [realTimers.setTimeout, own.setTimeout],
    [realTimers.setInterval, own.setInterval],
    [realTimers.setImmediate, own.setImmediate],
    [realTimers.clearTimeout, own.clearTimeout],
    [realTimers.clearInterval, own.clearTimeout],
    [realPromises.setTimeout, own.promises.setTimeout],
    [realPromises.setInterval, own.promises.setInterval],
    [realPromises.setImmediate, own.promises.setImmediate],
    [realPromises.wait, own.promises.wait],
  ];
}

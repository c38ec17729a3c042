import timers from 'node:timers';
import promises from 'node:timers/promises';

// As Node has them, whatever is put in their place later.
const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = timers;

/** Node's own timers. */
export const realTimers = { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate };

/** Node's own timers as promises. */
export const realPromises = {
  setTimeout: promises.setTimeout,
  setInterval: promises.setInterval,
  setImmediate: promises.setImmediate,
  wait: promises.scheduler.wait,
};

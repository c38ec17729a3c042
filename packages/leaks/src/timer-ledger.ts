import { promisify } from 'node:util';
import { realTimers as real } from './real-timers.ts';
import { captureSite, type Site } from './site.ts';
import { type TimerEntries, TimerPromises } from './timer-promises.ts';

/** A timer that is to fire. */
export interface PendingTimer extends Site {
  readonly name: 'setTimeout' | 'setInterval' | 'setImmediate';
  readonly delayMs: number;
}

type Callback = (this: unknown, ...args: unknown[]) => unknown;

/** What is pending: a timer of Node's, or what ends something else. */
type Entry = NodeJS.Timeout | { readonly end: () => void };

/** From this many on, timers that were ended behind the ledger's back (`close()`, by number, by `using`) are looked for. */
const SWEEP_AT = 256;

/**
 * Timers as one version of a plugin has them. They do what Node's do, and those that are to fire are known, with the place that set them.
 * After `close` none is pending, and none can be set.
 */
export class TimerLedger implements TimerEntries {
  readonly setTimeout: typeof real.setTimeout;
  readonly setInterval: typeof real.setInterval;
  readonly setImmediate: typeof real.setImmediate;
  readonly clearTimeout: typeof real.clearTimeout;
  readonly promises: TimerPromises;
  readonly #pending = new Map<Entry, PendingTimer>();
  #sweepAt = SWEEP_AT;
  #late: ((timer: PendingTimer) => void) | undefined;

  constructor() {
    const ledger = this;
    const promises = new TimerPromises(this);
    this.promises = promises;

    /** `refresh` of one that has fired: it is pending again. */
    function refresh(this: NodeJS.Timeout): NodeJS.Timeout {
      const made = { name: 'setTimeout', delayMs: Number.NaN } as const;
      captureSite(made, refresh);
      if (ledger.#late !== undefined) ledger.#late(made);
      else {
        ledger.#add(this, made);
        Object.getPrototypeOf(this).refresh.call(this);
      }
      return this;
    }

    function setTimeout(callback: Callback, delay?: number, ...args: unknown[]) {
      if (typeof callback !== 'function') return real.setTimeout(callback, delay);
      const made = { name: 'setTimeout', delayMs: delay ?? 1 } as const;
      captureSite(made, setTimeout);
      if (ledger.#late !== undefined) return ledger.#refuse(made);
      function fire(this: NodeJS.Timeout, ...given: unknown[]) {
        ledger.#pending.delete(timer);
        timer.refresh = refresh;
        callback.apply(this, given);
      }
      const timer = args.length === 0 ? real.setTimeout(fire, delay) : real.setTimeout(fire, delay, ...args);
      ledger.#add(timer, made);
      return timer;
    }

    function setInterval(callback: Callback, delay?: number, ...args: unknown[]) {
      if (typeof callback !== 'function') return real.setInterval(callback, delay);
      const made = { name: 'setInterval', delayMs: delay ?? 1 } as const;
      captureSite(made, setInterval);
      if (ledger.#late !== undefined) return ledger.#refuse(made);
      const timer = real.setInterval(callback, delay, ...args);
      ledger.#add(timer, made);
      return timer;
    }

    // Not entered: it fires in the next turn. A chain of them is found when it goes on after the end.
    function setImmediate(callback: Callback, ...args: unknown[]) {
      if (ledger.#late === undefined || typeof callback !== 'function') return real.setImmediate(callback, ...args);
      const made = { name: 'setImmediate', delayMs: 0 } as const;
      captureSite(made, setImmediate);
      ledger.#late(made);
      const immediate = real.setImmediate(() => {});
      real.clearImmediate(immediate);
      return immediate;
    }

    this.setTimeout = promisable(setTimeout, () => promises.setTimeout) as unknown as typeof real.setTimeout;
    this.setInterval = promisable(setInterval, () => promises.setInterval) as unknown as typeof real.setInterval;
    this.setImmediate = promisable(setImmediate, () => promises.setImmediate) as unknown as typeof real.setImmediate;
    this.clearTimeout = function clearTimeout(timer) {
      ledger.#pending.delete(timer as NodeJS.Timeout);
      real.clearTimeout(timer);
    };
  }

  get closed(): boolean {
    return this.#late !== undefined;
  }

  /** Timers that are still to fire, oldest first. */
  get pending(): readonly PendingTimer[] {
    this.#sweep();
    return [...this.#pending.values()];
  }

  /** Clears all that are pending. `late` is told of each that is asked for from here on, and is not set. */
  close(late: (timer: PendingTimer) => void): void {
    this.#late = late;
    for (const entry of this.#pending.keys()) {
      if ('end' in entry) entry.end();
      else real.clearTimeout(entry);
    }
    this.#pending.clear();
  }

  arm(made: PendingTimer, callback: () => void): NodeJS.Timeout | undefined {
    if (this.#late !== undefined) return void this.#late(made);
    const timer = real.setTimeout(() => {
      this.#pending.delete(timer);
      callback();
    }, made.delayMs);
    this.#add(timer, made);
    return timer;
  }

  enter(made: PendingTimer, end: () => void): () => void {
    const entry = { end };
    if (this.#late !== undefined) {
      this.#late(made);
      end();
    } else this.#add(entry, made);
    return () => this.#pending.delete(entry);
  }

  /** A timer that will not fire. */
  #refuse(made: PendingTimer): NodeJS.Timeout {
    this.#late?.(made);
    const timer = real.setTimeout(() => {}, 1);
    real.clearTimeout(timer);
    return timer;
  }

  #add(entry: Entry, made: PendingTimer): void {
    this.#pending.set(entry, made);
    if (this.#pending.size >= this.#sweepAt) this.#sweep();
  }

  #sweep(): void {
    for (const entry of this.#pending.keys()) if (wasEnded(entry)) this.#pending.delete(entry);
    this.#sweepAt = Math.max(SWEEP_AT, 2 * this.#pending.size);
  }
}

/** Node marks a timer that was ended in any way. */
function wasEnded(entry: Entry): boolean {
  return '_destroyed' in entry && entry._destroyed === true;
}

function promisable<F extends object>(timer: F, get: () => unknown): F {
  return Object.defineProperty(timer, promisify.custom, { enumerable: true, get });
}

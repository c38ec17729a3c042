import timers from 'node:timers';
import promises from 'node:timers/promises';
import { realPromises, realTimers } from './real-timers.ts';
import type { TimerLedger } from './timer-ledger.ts';

type Counterparts = ReadonlyMap<unknown, unknown>;

/**
 * Modules of Node as one version of a plugin sees them. They are the modules themselves but for the functions that the ledger stands in for.
 * A function that somebody has put in the place of Node's is left as it is, and what is written is written to the module.
 */
export class BuiltinViews {
  readonly #timers: () => TimerLedger;
  readonly #views = new Map<object, object>();
  #counterparts: Counterparts | undefined;

  constructor(timers: () => TimerLedger) {
    this.#timers = timers;
  }

  of(specifier: string, real: object): object {
    if (!SEEN.has(specifier.replace(/^node:/, ''))) return real;
    let view = this.#views.get(real);
    if (view === undefined) {
      view = this.#viewOf(real);
      this.#views.set(real, view);
    }
    return view;
  }

  #viewOf(real: object): object {
    this.#counterparts ??= this.#pairs();
    const counterparts = this.#counterparts;
    return new Proxy(real, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value === 'object' && value !== null && NESTED.has(value)) return this.of('timers', value);
        return counterparts.get(value) ?? value;
      },
      set: (target, key, value) => Reflect.set(target, key, realOf(counterparts, value)),
    });
  }

  #pairs(): Counterparts {
    const own = this.#timers();
    return new Map<unknown, unknown>([
      [realTimers.setTimeout, own.setTimeout],
      [realTimers.setInterval, own.setInterval],
      [realTimers.setImmediate, own.setImmediate],
      [realTimers.clearTimeout, own.clearTimeout],
      [realTimers.clearInterval, own.clearTimeout],
      [realPromises.setTimeout, own.promises.setTimeout],
      [realPromises.setInterval, own.promises.setInterval],
      [realPromises.setImmediate, own.promises.setImmediate],
      [realPromises.wait, own.promises.wait],
    ]);
  }
}

/** Modules with something to stand in for. */
const SEEN: ReadonlySet<string> = new Set(['timers', 'timers/promises']);

/** What is reached through them, and is seen in the same way. */
const NESTED: ReadonlySet<unknown> = new Set([timers, promises, promises.scheduler]);

/** What a plugin takes out and puts back must not outlive it. */
function realOf(counterparts: Counterparts, value: unknown): unknown {
  for (const [real, own] of counterparts) if (own === value) return real;
  return value;
}

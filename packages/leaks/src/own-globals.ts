import type { LedgerGlobals } from '@backplane/ports';
import { realTimers as real } from './real-timers.ts';
import type { TimerLedger } from './timer-ledger.ts';

type Name = keyof LedgerGlobals;

/**
 * Global timers as one version of a plugin finds them. One that somebody has replaced (a test with a clock of its own) is that of everybody,
 * and what is assigned is assigned to the global.
 */
export class OwnGlobals implements LedgerGlobals {
  readonly #own: () => TimerLedger;

  constructor(own: () => TimerLedger) {
    this.#own = own;
  }

  get setTimeout() {
    return globalThis.setTimeout === real.setTimeout ? this.#own().setTimeout : globalThis.setTimeout;
  }
  set setTimeout(value) {
    this.#assign('setTimeout', value);
  }
  get setInterval() {
    return globalThis.setInterval === real.setInterval ? this.#own().setInterval : globalThis.setInterval;
  }
  set setInterval(value) {
    this.#assign('setInterval', value);
  }
  get setImmediate() {
    return globalThis.setImmediate === real.setImmediate ? this.#own().setImmediate : globalThis.setImmediate;
  }
  set setImmediate(value) {
    this.#assign('setImmediate', value);
  }
  get clearTimeout() {
    return globalThis.clearTimeout === real.clearTimeout ? this.#own().clearTimeout : globalThis.clearTimeout;
  }
  set clearTimeout(value) {
    this.#assign('clearTimeout', value);
  }
  get clearInterval() {
    return globalThis.clearInterval === real.clearInterval ? this.#own().clearTimeout : globalThis.clearInterval;
  }
  set clearInterval(value) {
    this.#assign('clearInterval', value);
  }
  get clearImmediate() {
    return globalThis.clearImmediate;
  }
  set clearImmediate(value) {
    globalThis.clearImmediate = value;
  }

  /** What a plugin took out and puts back must not outlive it. */
  #assign(name: Exclude<Name, 'clearImmediate'>, value: unknown): void {
    const own = this.#own();
    const mine = name === 'clearInterval' ? own.clearTimeout : own[name];
    Reflect.set(globalThis, name, value === mine ? real[name] : value);
  }
}

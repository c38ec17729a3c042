import { databaseStandIns, fileStandIns, promisedFileStandIns } from './file-stand-ins.ts';
import { asyncHookStandIns, channelStandIns, loadingStandIns } from './hook-stand-ins.ts';
import type { Enter, Pair } from './stand-ins.ts';
import type { TimerLedger } from './timer-ledger.ts';
import { timerStandIns } from './timer-stand-ins.ts';

/** What a ledger offers to those who stand in for functions of Node. */
export interface StandInLedger {
  readonly enter: Enter;
  timers(): TimerLedger;
}

// biome-ignore lint/suspicious/noExplicitAny: each knows which module it is for
type StandIns = (ledger: StandInLedger, real: any) => readonly Pair[];

/** By module: the functions that enter what they make. */
const STAND_INS: Readonly<Record<string, StandIns>> = {
  timers: ({ timers }) => timerStandIns(timers()),
  'timers/promises': ({ timers }) => timerStandIns(timers()),
  fs: ({ enter }, real) => [...fileStandIns(enter, real), ...promisedFileStandIns(enter, real.promises)],
  'fs/promises': ({ enter }, real) => promisedFileStandIns(enter, real),
  sqlite: ({ enter }, real) => databaseStandIns(enter, real),
  async_hooks: ({ enter }, real) => asyncHookStandIns(enter, real),
  diagnostics_channel: ({ enter }, real) => channelStandIns(enter, real),
  module: ({ enter }, real) => loadingStandIns(enter, real),
};

/** What is reached through a module and is seen in the same way. */
const NESTED: Readonly<Record<string, readonly string[]>> = {
  timers: ['default', 'promises', 'module.exports'],
  'timers/promises': ['default', 'scheduler', 'module.exports'],
  fs: ['default', 'promises', 'module.exports'],
};
const ITSELF: readonly string[] = ['default', 'module.exports'];

/**
 * Modules of Node as one version of a plugin sees them. They are the modules themselves but for the functions that the ledger stands in for.
 * A function that somebody has put in the place of Node's is left as it is, and what is written is written to the module.
 */
export class BuiltinViews {
  readonly #ledger: StandInLedger;
  readonly #views = new Map<object, object>();
  readonly #standIns = new Map<unknown, unknown>();
  readonly #real = new Map<unknown, unknown>();
  readonly #prepared = new Set<string>();

  constructor(ledger: StandInLedger) {
    this.#ledger = ledger;
  }

  of(specifier: string, real: object): object {
    const name = specifier.replace(/^node:/, '');
    if (!Object.hasOwn(STAND_INS, name)) return real;
    this.#prepare(name);
    return this.#viewOf(name, real);
  }

  #viewOf(name: string, real: object): object {
    const known = this.#views.get(real);
    if (known !== undefined) return known;
    const nested = NESTED[name] ?? ITSELF;
    const view = new Proxy(real, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value === 'object' && value !== null && nested.includes(key as string))
          return this.#viewOf(name, value);
        return this.#standIns.get(value) ?? value;
      },
      // What a plugin takes out and puts back must not outlive it.
      set: (target, key, value) => Reflect.set(target, key, this.#real.get(value) ?? value),
    });
    this.#views.set(real, view);
    return view;
  }

  #prepare(name: string): void {
    if (this.#prepared.has(name)) return;
    this.#prepared.add(name);
    const real: unknown = process.getBuiltinModule(`node:${name}`);
    for (const [function_, standIn] of STAND_INS[name]?.(this.#ledger, real) ?? []) {
      if (this.#standIns.has(function_)) continue;
      this.#standIns.set(function_, standIn);
      this.#real.set(standIn, function_);
    }
  }
}

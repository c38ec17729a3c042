import type { HeldEffect } from './plugin-status.ts';

/** What one evaluation of a plugin's code has made and not given up, whichever of its instances made it. */
export interface EffectLedger {
  /**
   * Ends the code: tells what it still holds and clears its timers; it can set none from here on. Never rejects. Calling it again gives the same.
   * @param later called for what shows only afterwards
   */
  close(later: (held: HeldEffect) => void): Promise<readonly HeldEffect[]>;
}

/** Globals that make what has to be given up. */
export type LedgerGlobals = Pick<
  typeof globalThis,
  'setTimeout' | 'setInterval' | 'setImmediate' | 'clearTimeout' | 'clearInterval' | 'clearImmediate'
>;

/** A ledger as the loader fills it. */
export interface CodeLedger extends EffectLedger {
  /** Where the code finds these globals. */
  readonly globals: LedgerGlobals;
  /**
   * Handed into the code, which calls it first of all with a function of its own. That function calls it back, so that the ledger sees from
   * where; and it is reachable as long as anything of the code is.
   */
  readonly self: (inside?: () => unknown) => unknown;
  /** What the code gets for a builtin module of Node, imported (its namespace) or required. */
  builtin(specifier: string, real: object): object;
  /**
   * Tells that the code has Node load a file natively, which then stays. The place is that which called `below`; what is given back is
   * called with the file once it has been loaded.
   */
  loading(below: (...args: never[]) => unknown): (file: string) => void;
  /** Tells which code it is, before it runs. */
  identify(code: LedgerCode): void;
}

/** Code as its ledger knows it. */
export interface LedgerCode {
  /** By which stack traces name it, without source maps. */
  readonly url: string;
  /** Its text as it runs, with the source map in the last line. Must not keep the code. */
  readonly text: () => string;
  /** What it seems to change that outlives it: `globalThis`, names of shared objects, `process.stdout`. */
  readonly mentions: readonly string[];
  /** False where Node keeps the code itself. */
  readonly collectable: boolean;
}

/** Opens a ledger for code that is about to be evaluated. */
export type OpenLedger = (entry: string) => CodeLedger;

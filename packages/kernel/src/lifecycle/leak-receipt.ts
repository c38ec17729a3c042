import type { HeldEffect } from '../scope/plugin-scope.ts';

/** What is still held after an instance was unloaded. Clean when `held` and `problems` are empty. */
export interface LeakReceipt {
  readonly plugin: string;
  readonly version: string;
  readonly instance: number;
  /** Milliseconds since the epoch. */
  readonly unloadedAt: number;
  /** Milliseconds from the swap until the last call had left. */
  readonly drainedMs: number;
  /** Calls that had to be ended at the drain limit. */
  readonly callsEnded: number;
  /** Effects that could not be undone. */
  readonly held: readonly HeldEffect[];
  /** Steps of the end that failed. */
  readonly problems: readonly string[];
}

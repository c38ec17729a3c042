import type { StepLimits } from '@backplane/plugin-api';

/** Where a version goes wrong. Those up to `health` keep it from serving; the others wait for its end. */
export type FaultyStep = 'top-level' | 'initialize' | 'routes' | 'start' | 'health' | 'hand-over' | 'stop' | 'dispose';

/** `late`: not before its limit is over, when nobody waits any more. `fail`: says itself that it cannot go on. */
export type FaultyWay = 'throw' | 'hang' | 'late' | 'fail' | 'unhealthy' | 'uncloneable';

export interface Fault {
  readonly step: FaultyStep;
  readonly way: FaultyWay;
}

/** One version of a plugin of the fleet, as the director writes it into the plugin's file. */
export interface Variant {
  readonly name: string;
  readonly version: string;
  /** Of the version; for who needs the lighthouse, of the lighthouse that it was made for. */
  readonly major: number;
  /** Counts the versions of this plugin, sound or not. */
  readonly build: number;
  /** What the version does otherwise than the others: it multiplies by this. */
  readonly factor: number;
  readonly fault?: Fault;
  readonly limits?: StepLimits;
  readonly replace?: 'beside' | 'stop-first';
  readonly aliases?: readonly string[];
  /** What only one kind of plugin knows. */
  readonly options?: Readonly<Record<string, string | number>>;
}

import type { HealthReport, IsolationLevel, Phase, PluginKind, PluginType } from '@backplane/plugin-api';

/** An error as status pages and other processes see it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** With file and line. */
  readonly stack: string | undefined;
  /** What the plugin said of itself, where that is why it does not run. */
  readonly health?: HealthReport;
}

/** Where a plugin is in its life. Times are milliseconds since the epoch. */
export type PluginState =
  /** Known; nothing has been tried. */
  | { readonly phase: 'discovered' }
  | { readonly phase: 'initializing' }
  | { readonly phase: 'starting' }
  | { readonly phase: 'running' }
  /** Stopped so that its next version can start; requests wait. */
  | { readonly phase: 'replacing' }
  | { readonly phase: 'stopped'; readonly reason: string }
  /** Could run, and starts at its first use. */
  | { readonly phase: 'dormant'; readonly reason: string }
  /** There, and switched off. */
  | { readonly phase: 'disabled'; readonly reason: string }
  /** Its code, manifest, configuration or dependencies are wrong; tried again when one of them changes. */
  | { readonly phase: 'refused'; readonly failure: Failure }
  /** Waits for others that cannot run. */
  | { readonly phase: 'blocked'; readonly by: readonly string[]; readonly reason: string }
  /** Tried again at `retryAt`. */
  | { readonly phase: 'failed'; readonly failure: Failure; readonly retryAt: number; readonly crashes: number }
  /** Crashed too often; stays down until it is changed, reloaded or enabled by somebody. */
  | { readonly phase: 'quarantined'; readonly failure: Failure; readonly crashes: number };

export type PluginPhase = PluginState['phase'];

/** A state the plugin was in, and since when. */
export interface HistoryEntry {
  readonly at: number;
  readonly phase: PluginPhase;
  readonly version: string | undefined;
  readonly reason: string | undefined;
}

/** How the last change of a plugin ended. */
export type LastChange =
  | { readonly outcome: 'applied'; readonly at: number; readonly version: string }
  /** The change failed; the version before serves on. */
  | {
      readonly outcome: 'returned';
      readonly at: number;
      readonly version: string | undefined;
      readonly failure: Failure;
    };

/** What is held: an effect of the scope, or something that was made without it. */
export type HeldKind = 'effect' | 'timer' | 'listener' | 'socket' | 'server' | 'handle' | 'module' | 'global';

/** Something of an unloaded version that is still there. */
export interface HeldEffect {
  readonly kind: HeldKind;
  /** What it is: `interval of 1000 ms`; for effects from the outermost scope in, such as `orders > consumer > socket`. */
  readonly label: string;
  /** Why it is held, and how to mend that. */
  readonly reason: string;
  /** File, line and column in the author's sources. */
  readonly madeAt: string | undefined;
}

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
  /** What could not be undone, and what the plugin's code made and did not give up. */
  readonly held: readonly HeldEffect[];
  /** Steps of the end that failed. */
  readonly problems: readonly string[];
}

/** A version that was replaced or removed and still has calls. */
export interface DrainingStatus {
  readonly version: string;
  readonly instance: number;
  readonly inFlight: number;
}

/** All that can be told of a plugin without asking it. */
export interface PluginStatus {
  readonly name: string;
  readonly displayName: string;
  readonly version: string | undefined;
  readonly description: string;
  readonly type: PluginType;
  readonly kinds: readonly PluginKind[];
  readonly phase: Phase;
  readonly priority: number;
  readonly level: IsolationLevel;
  readonly origin: string;
  readonly state: PluginState;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Why it is in that state, in one sentence. */
  readonly reason: string;
  readonly instance: number | undefined;
  readonly inFlight: number;
  readonly services: readonly string[];
  readonly dependencies: readonly string[];
  readonly dependents: readonly string[];
  /** Labels of the effects its scope owns. */
  readonly holds: readonly string[];
  readonly draining: readonly DrainingStatus[];
  readonly lastChange: LastChange | undefined;
  readonly history: readonly HistoryEntry[];
  readonly receipts: readonly LeakReceipt[];
}

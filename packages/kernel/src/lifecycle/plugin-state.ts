/** An error as status pages and other processes see it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** With file and line. */
  readonly stack: string | undefined;
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

/** Why a plugin is in a state, in one sentence; empty where the phase says it all. */
export function reasonOf(state: PluginState): string {
  switch (state.phase) {
    case 'stopped':
    case 'blocked':
      return state.reason;
    case 'refused':
    case 'failed':
    case 'quarantined':
      return state.failure.message;
    default:
      return '';
  }
}

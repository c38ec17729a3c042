import type { PluginState } from '@backplane/ports';

/** Why a plugin is in a state, in one sentence; empty where the phase says it all. */
export function reasonOf(state: PluginState): string {
  switch (state.phase) {
    case 'stopped':
    case 'dormant':
    case 'disabled':
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

import type { PluginIdentity } from '@backplane/plugin-api';

/** How the host's process is told what was left on purpose, so that the director can count it and take it away. */
export interface Leftover {
  readonly kind: 'intervals' | 'sockets' | 'listeners' | 'patches';
  /** Of who left it. */
  readonly plugin: PluginIdentity;
  take(): void;
}

export function leave(plugin: PluginIdentity, kind: Leftover['kind'], take: Leftover['take']): void {
  (globalThis as { fleetLeftovers?: Leftover[] }).fleetLeftovers?.push({ kind, plugin, take });
}

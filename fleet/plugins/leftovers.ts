/** How the host's process is told what was left on purpose, so that the director can count it and take it away. */
export interface Leftover {
  readonly kind: 'intervals' | 'sockets' | 'listeners' | 'patches';
  take(): void;
}

export function leave(...leftovers: readonly Leftover[]): void {
  (globalThis as { fleetLeftovers?: Leftover[] }).fleetLeftovers?.push(...leftovers);
}

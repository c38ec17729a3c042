import type { ChangeReport, LeakReceipt, PluginPhase } from '@backplane/ports';

/** How the director has the host made. */
export interface HostSettings {
  readonly folder: string;
  readonly token: string;
  /** Milliseconds that a plugin's top-level code may take. */
  readonly loadLimit: number;
}

/** What the host's process holds, when all that can be collected has been. */
export interface Holdings {
  readonly heapUsed: number;
  readonly rss: number;
  /** How many of each kind keep the process alive, as Node tells. */
  readonly resources: Readonly<Record<string, number>>;
  /** Listeners of the process, by event. */
  readonly listeners: Readonly<Record<string, number>>;
}

/** What the leaker has left on purpose. */
export interface Leftovers {
  readonly intervals: number;
  readonly sockets: number;
  readonly listeners: number;
  readonly patches: number;
}

/** A plugin at this moment. */
export interface PluginNow {
  readonly name: string;
  readonly version: string | undefined;
  readonly phase: PluginPhase;
  readonly reason: string;
  readonly level: string;
  readonly instance: number | undefined;
  readonly inFlight: number;
  /** Versions that were replaced or removed and still have calls. */
  readonly draining: readonly string[];
}

/** What the director asks of the host besides what goes over HTTP, and what it gets. */
export interface Questions {
  readonly rescan: ChangeReport;
  readonly states: readonly PluginNow[];
  /** The newest there are, of all plugins. */
  readonly receipts: readonly LeakReceipt[];
  readonly holdings: Holdings;
  /** Undoes what the leaker and the patcher have left since this was asked before, so that it does not count as memory. */
  readonly clearLeftovers: Leftovers;
}

export type Question = keyof Questions;

export interface Asked {
  readonly id: number;
  readonly question: Question;
}

export type Answered =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } };

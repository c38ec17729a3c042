import type { Revision, WantedState } from './desired-state.ts';

/** A sealed value. */
export interface SealedSecret {
  readonly id: string;
  /** What it is for: the envelope opens for nothing else. */
  readonly context: string;
  readonly envelope: string;
}

/** What is to become the newest revision. */
export interface RevisionDraft {
  /** The revision it was made from. */
  readonly parent: number;
  readonly author: string;
  readonly comment: string;
  readonly state: WantedState;
  /** Values that the state refers to and none before it did. */
  readonly secrets: readonly SealedSecret[];
  /** What goes into the audit trail with it: the same transaction, or nothing. */
  readonly audit: AuditEntry;
}

/** Who did what, from where. */
export interface AuditEntry {
  readonly actor: string;
  /** Where it came from: an address, `boot`, `command line`. */
  readonly origin: string;
  /** `plugin.enable`, `config.set`, … */
  readonly action: string;
  /** A plugin, or what else it was about. */
  readonly target: string;
  /** Without secrets. JSON values. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/** A revision without its state. */
export type RevisionSummary = Omit<Revision, 'state'>;

/** Keeps desired states for ever, and says which is to run. */
export interface StateRepository {
  current(): Promise<Revision>;
  /** The number of the current one alone: one small row. */
  newest(): Promise<number>;
  revision(id: number): Promise<Revision | undefined>;
  /** Newest first, from the one before `before`. */
  revisions(page: {
    readonly before?: number | undefined;
    readonly limit: number;
  }): Promise<readonly RevisionSummary[]>;
  /**
   * Makes the draft the revision that is to run: all of it, or nothing.
   * @throws BP_STATE_STALE when its parent is no longer the newest
   */
  commit(draft: RevisionDraft): Promise<Revision>;
  secrets(): Promise<readonly SealedSecret[]>;
  /** Puts other envelopes in the place of those with the same ids. */
  reseal(secrets: readonly SealedSecret[]): Promise<void>;
}

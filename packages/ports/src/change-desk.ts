import type { JsonSchema } from '@backplane/plugin-api';
import type { ChangeReport, PlanStep } from './change-report.ts';
import type { JsonValue, Revision, WantedState, WantedValue } from './desired-state.ts';
import type { RevisionSummary } from './state-repository.ts';

/** Seals what nobody may read, and leaves the rest as it is. */
export type Seal = (plugin: string, key: string, value: JsonValue, secret?: boolean) => WantedValue;

/** A change of what is to run, as somebody asks for it. */
export interface StateEdit {
  readonly author: string;
  /** Where it came from: an address, `command line`. */
  readonly origin: string;
  readonly comment?: string;
  /** `plugin.enable`, `config.set`, … */
  readonly action: string;
  /** What it is about, for the audit trail. */
  readonly target: string;
  /** The revision that it was made for: refused when another is there. Without it, it is made for whatever is there. */
  readonly expected?: number | undefined;
  /** The state that is to be. Throwing refuses the change. */
  edit(state: WantedState, seal: Seal): WantedState | Promise<WantedState>;
}

/** One thing in which two states differ. Secrets are `***`. */
export interface StateDifference {
  readonly plugin: string;
  /** `enabled`, `config.timeout`, `hooks`, `code`, `about.description`. */
  readonly key: string;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/** What a change would do. */
export interface StatePlan {
  /** The revision that it was made for. */
  readonly revision: number;
  readonly differences: readonly StateDifference[];
  readonly steps: readonly PlanStep[];
}

/** A change that was made. */
export interface StateOutcome {
  readonly revision: Revision;
  readonly differences: readonly StateDifference[];
  /** `undefined` where nothing that runs was concerned. */
  readonly report: ChangeReport | undefined;
}

/** Where every change of what is to run is made, one after the other. */
/** What is to run and does not here, because another host has made it so. */
export interface Behind {
  readonly revision: number;
  readonly reason: string;
}

export interface ChangeDesk {
  /** What is to run. */
  readonly current: Revision;
  /** Where what runs here is not what is to run; what ran before runs on. */
  readonly behind: Behind | undefined;
  /** What it would do; nothing is done. @throws as `apply` does, but for what only shows when a plugin starts */
  plan(edit: StateEdit): Promise<StatePlan>;
  /**
   * Makes the change as one generation, and keeps it. When it does not come to pass, what was to run before is to run again, and does.
   * @throws BP_STATE_STALE, BP_CONFIG_PINNED, BP_CHANGE_REFUSED with what is wrong with each plugin, BP_CHANGE_RETURNED,
   * BP_CHANGE_BREAKS_DEPENDENTS
   */
  apply(edit: StateEdit): Promise<StateOutcome>;
  revisions(page: {
    readonly before?: number | undefined;
    readonly limit: number;
  }): Promise<readonly RevisionSummary[]>;
  /** @throws BP_REVISION_UNKNOWN */
  revision(id: number): Promise<Revision>;
  /** From one state to another. */
  differences(from: WantedState, to: WantedState): readonly StateDifference[];
  /** What a wanted value is, for its plugin alone. @throws BP_SECRET_SEALED */
  reveal(value: WantedValue): JsonValue;
}

/** What the desk asks of whoever runs plugins. */
export interface ChangeTarget {
  /** Whether plugins run yet, and still. */
  readonly ready: boolean;
  /** Reads plugins as they would be under a state. Nothing takes effect. */
  prepare(state: WantedState, names: readonly string[]): Promise<PreparedChange>;
  /** Environment variables that decide a key of a plugin, whatever is said elsewhere. */
  pinnedBy(plugin: string, key: string): string | undefined;
  /** The schema of a plugin's configuration, where that can be known. */
  schemaOf(plugin: string): JsonSchema | undefined;
}

/** Plugins that have been read and are ready to be run. Exactly one of `apply` and `discard` is called. */
export interface PreparedChange {
  /** Those that cannot run as they would be. */
  readonly refusals: readonly { readonly plugin: string; readonly error: Error }[];
  /** @throws BP_CHANGE_BREAKS_DEPENDENTS */
  plan(): readonly PlanStep[];
  /** All of it, or nothing. Begins before it returns: whatever is applied later comes later. */
  apply(): Promise<ChangeReport>;
  discard(): Promise<void>;
}

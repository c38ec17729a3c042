import type { CallContext, Principal } from '@backplane/plugin-api';
import type { ExtensionPointHandler } from './extension-points.ts';
import type { InstanceInfo } from './instance.ts';

/** How a call begins. */
export interface CallInit {
  /** `anonymous` unless told. */
  readonly principal?: Principal;
  /** A W3C `traceparent` header; read only when somebody asks for the trace. */
  readonly traceparent?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly deadline?: number | undefined;
}

/** A call that has been counted in. Whoever entered it must leave it, exactly once. */
export interface Call extends CallContext {
  /** Names the call in problems and logs: the trace id. */
  readonly id: string;
  /** Aborts `signal`. */
  cancel(reason: unknown): void;
  /** Counts the call out. What it kept alive may be disposed from here on. */
  leave(): void;
}

/**
 * What an entry into the host may reach: some instances, and everything those depend on, at one moment.
 * As long as a call is in it, none of them is disposed (but for the drain limit).
 */
export interface View {
  readonly generation: number;
  enter(init?: CallInit): Call;
}

/** Why a plugin's mount cannot answer. */
export interface Unavailable {
  readonly name: string;
  readonly aliases: readonly string[];
  /** The plugin's phase: failed, blocked, quarantined, starting, replacing, … */
  readonly phase: string;
  readonly reason: string;
  /** Milliseconds since the epoch of the next attempt. */
  readonly retryAt: number | undefined;
  /**
   * Gives what settles when the plugin is there or will not be (bounded): requests wait for it in place of failing. While it is replaced
   * stop-first, and for a dormant one, which is started by asking. The same function as long as there is the same reason to wait.
   */
  readonly back: (() => Promise<void>) | undefined;
}

/** A generation while it is made. */
export interface GenerationDraft {
  readonly id: number;
  /** In start order. */
  readonly instances: readonly InstanceInfo[];
  readonly unavailable: readonly Unavailable[];
  /** A view of these instances and all they reach. Equal to one of the generation before, it is that one. */
  view(entries: readonly InstanceInfo[]): View;
}

/**
 * Something compiled once for each generation, such as the HTTP mount table. Built before the swap, in one go, without side effects;
 * it becomes visible with the generation.
 */
export interface GenerationPart<T> {
  readonly key: string;
  /** Makes an instance ready before it is swapped in; rejecting keeps the old one. Skipped at boot, where it is called afterwards. */
  warm?(instance: InstanceInfo): Promise<void>;
  build(draft: GenerationDraft, previous: T | undefined): T;
  /** The handlers of extension points that it has compiled, those of each point in the order in which they run. For people. */
  handlers?(built: T): readonly ExtensionPointHandler[];
}

/** The kernel as an entrance sees it. */
export interface Entrances {
  /** The part of the current generation. One pointer read. */
  part<T>(part: GenerationPart<T>): T;
  /** Runs `action` so that `currentCall()` and service handles see this call. */
  run<R>(call: Call, action: () => R): R;
}

import type { ExtensionPointType, HookCondition, JsonSchema, MiddlewareCondition, Phase } from '@backplane/plugin-api';

/** An extension point that a plugin or the host owns. Plain data. */
export interface ExtensionPointInfo {
  readonly name: string;
  readonly type: ExtensionPointType;
  readonly version: string;
  readonly description: string;
  /** By name, in order: a JSON Schema, or the name of a type. */
  readonly parameters: Readonly<Record<string, string | JsonSchema>>;
  readonly returnType: string | JsonSchema;
  /** `host` for one of the host's own. */
  readonly owner: string;
  readonly sync: boolean;
  readonly failure: 'stop' | 'skip';
  readonly timeoutMs: number | undefined;
  /** Since the owner's instance began. */
  readonly dispatches: number;
}

/** What is known of a handler's calls. Times are of calls that were timed: one in a second at most. */
export interface HandlerCalls {
  readonly calls: number;
  readonly failures: number;
  readonly meanMs: number | undefined;
  readonly longestMs: number | undefined;
  readonly lastFailure: { readonly at: number; readonly code: string; readonly message: string } | undefined;
}

/** One handler at an extension point. Plain data. */
export interface ExtensionPointHandler {
  /** Name of the extension point, such as `middleware.pre_request`. */
  readonly point: string;
  readonly plugin: string;
  /** Tells the handlers of a plugin apart. */
  readonly name: string;
  readonly phase: Phase;
  /** Lower runs first. */
  readonly priority: number;
  /** How it was written, where there are several ways: `hooks` or `around` for middleware. */
  readonly form?: string;
  /** When it runs; always unless told. */
  readonly when?: MiddlewareCondition | HookCondition;
  readonly figures?: HandlerCalls;
  /** Why it takes no part. */
  readonly leftOut?: string;
  /** Plugins whose requests it cannot see, although it is for them. */
  readonly passesOver?: readonly string[];
}

/** Something that can tell which handlers there are, those of each point in the order in which they run. */
export interface ExtensionPointSource {
  /** Those that plugins and the host have declared, besides the ones with a form of their own (middleware, health, metrics). */
  points(): readonly ExtensionPointInfo[];
  handlers(): readonly ExtensionPointHandler[];
}

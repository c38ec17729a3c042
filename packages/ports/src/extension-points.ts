import type { MiddlewareCondition, Phase } from '@backplane/plugin-api';

/** One handler at an extension point of the host. Plain data. */
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
  readonly when?: MiddlewareCondition;
  /** Plugins whose requests it cannot see, although it is for them. */
  readonly passesOver?: readonly string[];
}

/** Something that can tell which handlers there are, those of each point in the order in which they run. */
export interface ExtensionPointSource {
  handlers(): readonly ExtensionPointHandler[];
}

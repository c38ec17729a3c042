import type { CallContext } from './call-context.ts';
import type { Effect } from './scope.ts';

/** Names a type of event and brings the type of its data. The identity is the string. */
export interface EventType<D> {
  readonly kind: 'event';
  readonly type: string;
  /** Never set: carries the type. */
  readonly T?: D;
}

/** Declares a type of event, such as `user.login`. Export it beside the type of its data. */
export function event<T = unknown>(type: string): EventType<T> {
  return Object.freeze({ kind: 'event', type });
}

/** Something that has happened. Attributes are named as in CloudEvents 1.0. */
export interface PluginEvent<T = unknown> {
  /** Unique in this host. */
  readonly id: string;
  /** Segments with dots between, such as `user.login`. */
  readonly type: string;
  /** Who says so; the publishing plugin's name unless told. */
  readonly source: string;
  /** ISO 8601. */
  readonly time: string;
  readonly data: T;
}

export type EventHandler<T = unknown> = (event: PluginEvent<T>, call: CallContext) => void | Promise<void>;

/** Events between the plugins of this host. Each goes to those who subscribe in the generation in which it is published. */
export interface EventService {
  /**
   * Tells everybody who has subscribed, this plugin too, and resolves when all have ended. One that fails is logged with its plugin's name and
   * keeps nobody else from hearing. Handlers run in the current call, which lasts until they have ended. `data` must be structured-cloneable;
   * handlers share it and leave it as it is.
   * @throws BP_EVENT_TYPE when the type cannot be one
   */
  publish<T>(type: string | EventType<T>, data: NoInfer<T>, options?: { readonly source?: string }): Promise<void>;
  /**
   * Hears events of a type, or of all types of a pattern: `user.*` (one segment) or `logs.#` (whatever follows, nothing too). From the
   * activation of the plugin until it is replaced or stopped; the scope owns it.
   * @throws BP_EVENT_PATTERN
   */
  subscribe<T = unknown>(pattern: string | EventType<T>, handler: EventHandler<T>): Effect;
}

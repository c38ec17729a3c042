import { check, checkOptions } from './check-options.ts';
import type { EventType } from './events.ts';
import { type Method, markMethod } from './method-marks.ts';

export interface EventHandlerOptions<T = unknown> {
  /** A type, or a pattern: `certificate_revoked`, `user.*`, `logs.#`. */
  readonly eventType: string | EventType<T>;
}

/** Takes the event, and the call that it is. */
export type EventMethod = (event: never, call: never) => unknown;

/**
 * Has a method hear events: `method(event, call)`. It takes effect on objects that belong to a plugin: the plugin's own, and those it
 * gives to `context.provide`. The same as `context.events.subscribe`.
 * @throws BP_DECORATOR_OPTIONS
 */
export function eventHandler(options: EventHandlerOptions): <M extends EventMethod>(method: M) => M {
  checkOptions('eventHandler', options, { eventType: (value) => check.text(nameOf(value)) }, 'eventType');
  const type = nameOf(options.eventType);
  return (method) => markMethod(method as Method, { events: [type as string] }) as typeof method;
}

const nameOf = (type: unknown): unknown =>
  typeof type === 'object' && type !== null && 'type' in type ? type.type : type;

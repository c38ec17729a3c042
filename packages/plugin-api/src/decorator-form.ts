import { apiErrors } from './errors.ts';
import type { Method } from './method-marks.ts';

/** Where a method decorator may stand: on a public method of objects. */
export interface PublicMethodContext {
  readonly kind: 'method';
  readonly name: string | symbol;
  readonly private: false;
  readonly static: false;
}

/** A decorator of public methods, in the standard form. */
export type PublicMethodDecorator<Base extends Method = Method> = <M extends Base>(
  method: M,
  context: PublicMethodContext,
) => M;

type StandardContext = {
  readonly kind: string;
  readonly name?: unknown;
  readonly private?: boolean;
  readonly static?: boolean;
};

/**
 * Checks that a decorator was called in the standard form and stands where it may.
 * @throws BP_DECORATOR_LEGACY, BP_DECORATOR_PLACE
 */
export function placeOf(decorator: string, kinds: readonly string[], given: readonly unknown[]): string {
  const [, context] = given as readonly [unknown, StandardContext?];
  if (typeof context !== 'object' || context === null || typeof context.kind !== 'string') {
    const on = typeof given[1] === 'string' || typeof given[1] === 'symbol' ? String(given[1]) : undefined;
    throw apiErrors.BP_DECORATOR_LEGACY({ decorator, on });
  }
  const { kind, name } = context;
  const place = `${context.static ? 'static ' : ''}${context.private ? 'private ' : ''}${kind}`;
  if (!kinds.includes(place)) throw apiErrors.BP_DECORATOR_PLACE({ decorator, place, on: String(name ?? ''), kinds });
  return kind;
}

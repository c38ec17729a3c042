import type { MetricService } from './metrics.ts';

/** Any method, whatever it takes. */
export type Method = (...args: never[]) => unknown;

/** A method as the code around it calls it: with everything it got, and the object it was called on. */
export type Replacement = (this: unknown, ...args: unknown[]) => unknown;

/** What has been said of a method. It is kept on the function, so that it goes wherever the function goes. */
export interface MethodMarks {
  /** Types and patterns of the events that it hears. */
  readonly events?: readonly string[];
  /** The services it is part of: a name without the plugin's, or a whole id. */
  readonly services?: readonly string[];
  /** Declare what its calls are counted with, for one object that has it. */
  readonly counted?: readonly ((owner: object, metrics: MetricService) => void)[];
  /** It gives a promise, so whoever refuses a call to it does so in one. */
  readonly async?: boolean;
}

/** The same in every copy of this package. */
const MARKS: unique symbol = Symbol.for('backplane.method-marks') as never;

/** What has been said of a function; nothing of anything else. */
export function marksOf(value: unknown): MethodMarks {
  return (typeof value === 'function' && (value as { [MARKS]?: MethodMarks })[MARKS]) || {};
}

/** True where a call gives a promise, as far as one can tell without calling. */
export const isAsyncMethod = (method: Method): boolean =>
  marksOf(method).async === true || method.constructor.name === 'AsyncFunction';

/** Puts `replacement` in the place of a method: with its name, its length, what has been said of it, and `more`. */
export function replaceMethod<M extends Method>(method: M, replacement: Replacement, more: MethodMarks = {}): M {
  const before = marksOf(method);
  const marks: MethodMarks = {
    events: [...(before.events ?? []), ...(more.events ?? [])],
    services: [...(before.services ?? []), ...(more.services ?? [])],
    counted: [...(before.counted ?? []), ...(more.counted ?? [])],
    async: isAsyncMethod(method),
  };
  Object.defineProperties(replacement, {
    name: { value: method.name, configurable: true },
    length: { value: method.length, configurable: true },
    [MARKS]: { value: marks },
  });
  return replacement as unknown as M;
}

/** A method with more said of it. A function of its own: what is shared elsewhere is not marked. */
export function markMethod<M extends Method>(method: M, more: MethodMarks): M {
  return replaceMethod(
    method,
    function marked(this: unknown, ...args: unknown[]) {
      return Reflect.apply(method, this, args);
    },
    more,
  );
}

/** The methods of an object of which something has been said, nearest first; what is overridden does not count. Getters are not run. */
export function markedMethods(owner: object): ReadonlyMap<string, Method> {
  const marked = new Map<string, Method>();
  const seen = new Set<string>();
  for (let at: object | null = owner; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (typeof value === 'function' && MARKS in value) marked.set(name, value);
    }
  }
  return marked;
}

/** True where a method of the object hears events. */
export const hearsEvents = (owner: object): boolean =>
  [...markedMethods(owner).values()].some((method) => (marksOf(method).events ?? []).length > 0);

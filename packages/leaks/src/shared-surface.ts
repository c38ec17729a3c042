/** An object that everybody in the process shares, by the name under which code changes it. */
export interface SharedObject {
  readonly name: string;
  readonly object: object;
}

/** The own properties of an object, as they were at one moment. */
export type Surface = ReadonlyMap<PropertyKey, PropertyDescriptor>;

/** What `EventEmitter` keeps for itself; listeners are accounted for one by one. */
const BOOKKEEPING: ReadonlySet<PropertyKey> = new Set(['_events', '_eventsCount', '_maxListeners', 'domain']);

/**
 * One object for the whole process, which these libraries put there when it is missing and take when it is there, so that copies of them
 * work together: it is kept once, however often a plugin is reloaded, and no author can undo it.
 */
const SINGLETONS: ReadonlySet<PropertyKey> = new Set([
  '__zod_globalConfig',
  '__zod_globalRegistry',
  Symbol.for('opentelemetry.js.api.1'),
  Symbol.for('undici.globalDispatcher.1'),
  Symbol.for('undici.globalDispatcher.2'),
]);

/** The objects that a mention leads to: a global and, where it is a class, its prototype. */
export function sharedObjects(mention: string): readonly SharedObject[] {
  if (mention === 'globalThis') return [{ name: mention, object: globalThis }];
  const value: unknown = Object.getOwnPropertyDescriptor(globalThis, mention) && Reflect.get(globalThis, mention);
  if (!isObject(value)) return [];
  const prototype: unknown = typeof value === 'function' ? value.prototype : undefined;
  const objects = [{ name: mention, object: value }];
  return isObject(prototype) ? [...objects, { name: `${mention}.prototype`, object: prototype }] : objects;
}

/** Reads no property: a getter of a global may load half of Node. */
export function surfaceOf(object: object): Surface {
  const surface = new Map<PropertyKey, PropertyDescriptor>();
  for (const key of Reflect.ownKeys(object)) {
    const descriptor =
      BOOKKEEPING.has(key) || SINGLETONS.has(key) ? undefined : Reflect.getOwnPropertyDescriptor(object, key);
    if (descriptor !== undefined) surface.set(key, descriptor);
  }
  return surface;
}

/** Keys whose property is not what it was: added, replaced or taken away. */
export function changedKeys(object: object, before: Surface, now: Surface): PropertyKey[] {
  const keys = [...now.keys()].filter((key) => !isSame(object, before.get(key), now.get(key)));
  for (const key of before.keys()) if (!now.has(key)) keys.push(key);
  return keys;
}

/** True where two states of a property are the same to whoever reads it. */
function isSame(object: object, before: PropertyDescriptor | undefined, now: PropertyDescriptor | undefined): boolean {
  if (before === undefined || now === undefined) return before === now;
  if (Object.is(before.value, now.value) && before.get === now.get && before.set === now.set) return true;
  return before.get !== undefined && 'value' in now && Object.is(loaded(object, before.get), now.value);
}

/** Node loads some globals when they are first read, and puts the value in the place of the getter. */
function loaded(object: object, get: () => unknown): unknown {
  try {
    return Reflect.apply(get, object, []);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

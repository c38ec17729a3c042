/** A plain map, as YAML and JSON give it. */
export type PlainMap = Record<string, unknown>;

export function isPlainMap(value: unknown): value is PlainMap {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A copy of maps and lists, sharing whatever else is in them. `__proto__` is left behind. */
export function copyPlain<T>(value: T): T;
export function copyPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => copyPlain(item));
  if (!isPlainMap(value)) return value;
  const copy: PlainMap = {};
  for (const key of Object.keys(value)) if (key !== '__proto__') copy[key] = copyPlain(value[key]);
  return copy;
}

/** Freezes maps and lists all the way down. Other objects, such as a Date that a schema made, are left as they are. */
export function deepFreeze<T>(value: T): T {
  if ((!Array.isArray(value) && !isPlainMap(value)) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}

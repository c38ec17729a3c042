import { types } from 'node:util';

const MAX_DEPTH = 64;

const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;
const shown = (key: unknown): string => (typeof key === 'string' ? `'${key}'` : String(key));

/** What stands in the way of a value crossing to another thread or process, and where. */
export interface Uncloneable {
  /** Such as `[0].items[3].render`; empty for the value itself. */
  readonly path: string;
  readonly reason: string;
}

function isCloneableBuiltin(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isNativeError(value) ||
    types.isBoxedPrimitive(value)
  );
}

/** What no structured clone copies, in words. */
function refusalOf(value: unknown): string | undefined {
  if (typeof value === 'function') return 'a function cannot be sent';
  if (typeof value === 'symbol') return 'a symbol cannot be sent';
  if (typeof value !== 'object' || value === null) return undefined;
  if (types.isProxy(value)) return 'a Proxy, such as a service handle, cannot be sent';
  if (types.isPromise(value)) return 'a Promise cannot be sent: await it first';
  if (types.isGeneratorObject(value)) return 'an iterator cannot be sent';
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef)
    return 'a weak collection cannot be sent';
  if (types.isModuleNamespaceObject(value)) return 'a module cannot be sent';
  return undefined;
}

function find(value: unknown, path: string, seen: Set<object>, depth: number): Uncloneable | undefined {
  const refusal = refusalOf(value);
  if (refusal !== undefined) return { path, reason: refusal };
  if (typeof value !== 'object' || value === null || seen.has(value) || isCloneableBuiltin(value)) return undefined;
  if (depth > MAX_DEPTH) return { path, reason: `it is nested more than ${MAX_DEPTH} levels deep` };
  seen.add(value);
  if (types.isMap(value)) {
    for (const [key, item] of value) {
      const found =
        find(key, `${path}.keys()`, seen, depth + 1) ?? find(item, `${path}.get(${shown(key)})`, seen, depth + 1);
      if (found) return found;
    }
    return undefined;
  }
  if (types.isSet(value)) {
    for (const item of value) {
      const found = find(item, `${path}.values()`, seen, depth + 1);
      if (found) return found;
    }
    return undefined;
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const found = find(value[index], `${path}[${index}]`, seen, depth + 1);
      if (found) return found;
    }
    return undefined;
  }
  const prototype = Object.getPrototypeOf(value);
  // A plain object of another realm (a vm context, a test runner) has that realm's Object.prototype, whose own prototype is null.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return {
      path,
      reason: `an instance of ${prototype.constructor?.name ?? 'a class'} would arrive without its class`,
    };
  }
  for (const [key, item] of Object.entries(value)) {
    const found = find(item, `${path}${PLAIN_KEY.test(key) ? `.${key}` : `[${shown(key)}]`}`, seen, depth + 1);
    if (found) return found;
  }
  return undefined;
}

/** Finds the first thing in a value that a structured clone would refuse or strip of its class; `undefined` when it crosses whole. */
export function findUncloneable(value: unknown): Uncloneable | undefined {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return undefined;
  return find(value, '', new Set(), 0);
}

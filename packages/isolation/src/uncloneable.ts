import { types } from 'node:util';

/** Where in a value the trouble sits, as one would write it in code, and what is there. */
export interface Uncloneable {
  /** Such as `.items[2].onDone`; empty for the value itself. */
  readonly path: string;
  readonly found: string;
}

const MAX_DEPTH = 200;
const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;

function trouble(value: unknown): string | undefined {
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`;
  if (typeof value === 'symbol') return `the symbol ${String(value)}`;
  if (typeof value !== 'object' || value === null) return undefined;
  if (types.isProxy(value)) return 'a Proxy, such as a service handle';
  if (types.isPromise(value)) return 'a Promise: await it first';
  if (types.isGeneratorObject(value)) return 'a generator or other iterator';
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef)
    return 'a weak collection or reference';
  if (types.isModuleNamespaceObject(value)) return 'a module';
  return undefined;
}

/** Finds the first part of a value that no structured clone can copy; `undefined` when it sees none. */
export function findUncloneable(root: unknown): Uncloneable | undefined {
  const seen = new Set<unknown>();
  const visit = (value: unknown, path: string, depth: number): Uncloneable | undefined => {
    const found = trouble(value);
    if (found !== undefined) return { path, found };
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
    if (seen.has(value) || depth > MAX_DEPTH) return undefined;
    seen.add(value);
    for (const [step, child] of parts(value)) {
      const inner = visit(child(), `${path}${step}`, depth + 1);
      if (inner !== undefined) return inner;
    }
    return undefined;
  };
  try {
    return visit(root, '', 0);
  } catch (error) {
    return { path: '', found: `an object whose properties cannot be read (${String(error)})` };
  }
}

function* parts(value: object): Generator<[string, () => unknown]> {
  if (value instanceof Map) {
    for (const [key, item] of value) {
      yield [`.keys(${String(key)})`, () => key];
      yield [`.get(${typeof key === 'string' ? `'${key}'` : String(key)})`, () => item];
    }
  } else if (value instanceof Set) {
    for (const item of value) yield ['.values()', () => item];
  } else if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) yield [`[${i}]`, () => value[i]];
  } else {
    for (const key of Object.keys(value))
      yield [PLAIN_KEY.test(key) ? `.${key}` : `['${key}']`, () => (value as Record<string, unknown>)[key]];
  }
}

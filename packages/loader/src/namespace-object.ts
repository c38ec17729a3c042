import type { Namespace } from './shared-modules.ts';

/**
 * An object like a module namespace: the names sorted, each read live, nothing to be written.
 * @param getters an object of getters, one for each export
 * @param commonJs `module.exports` of a CommonJS entry; its fields are exports too
 * @param stars namespaces whose names are exported as well, except `default` and what is exported by name
 */
export function namespaceObject(getters: object, commonJs: unknown, stars: readonly Namespace[]): Namespace {
  const reads = new Map<string, () => unknown>();
  for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(getters)))
    if (get) reads.set(name, get);
  if (isRecord(commonJs)) {
    for (const name of Object.keys(commonJs)) if (!reads.has(name)) reads.set(name, () => commonJs[name]);
  }
  for (const [name, star] of starNames(stars)) if (!reads.has(name)) reads.set(name, () => star[name]);
  const namespace = Object.create(null);
  for (const [name, get] of [...reads].sort(([a], [b]) => (a < b ? -1 : 1)))
    Object.defineProperty(namespace, name, { enumerable: true, get });
  Object.defineProperty(namespace, Symbol.toStringTag, { value: 'Module' });
  return Object.preventExtensions(namespace);
}

/** A name that two modules export with different values belongs to neither. */
function starNames(stars: readonly Namespace[]): Map<string, Namespace> {
  const names = new Map<string, Namespace>();
  const ambiguous = new Set(['default', 'module.exports']);
  for (const star of stars) {
    for (const name of Object.keys(star)) {
      const other = names.get(name);
      if (other !== undefined && other[name] !== star[name]) ambiguous.add(name);
      else names.set(name, star);
    }
  }
  for (const name of ambiguous) names.delete(name);
  return names;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

import type { Namespace } from './shared-modules.ts';

/**
 * An object like a module namespace: the names sorted, each read live from `exported`, nothing to be written. The name that Node gives a
 * CommonJS module's own exports belongs to that module and is left out.
 */
export function namespaceObject(exported: object): Namespace {
  const namespace = Object.create(null);
  for (const name of Object.keys(exported).sort()) {
    if (name === 'module.exports') continue;
    const get = (): unknown => (exported as Namespace)[name];
    Object.defineProperty(namespace, name, { enumerable: true, get });
  }
  Object.defineProperty(namespace, Symbol.toStringTag, { value: 'Module' });
  return Object.preventExtensions(namespace);
}

import type { Made } from './made.ts';

/** Files that this process has imported natively for a plugin: Node loads each once, so only the first version makes one. */
const imported = new Set<string>();

/** A file that Node was asked to import; `undefined` where it is known already. */
export function madeImport(url: string): Made | undefined {
  if (imported.has(url)) return undefined;
  imported.add(url);
  return madeModule(url, () => true);
}

/** A file that Node has been asked to require, by `require.cache`. */
export function madeRequired(path: string, cache: NodeJS.Dict<NodeJS.Module>): Made {
  const loaded = cache[path];
  return madeModule(path, () => loaded !== undefined && cache[path] === loaded);
}

function madeModule(file: string, isKept: () => boolean): Made {
  return {
    kind: 'module',
    label: () => `module ${file.replace(/^file:\/\//, '')}`,
    state: () => (isKept() ? 'held' : 'gone'),
    reason: () =>
      'Node loaded it by a name that was known at run time only; it stays, and changes of it are not seen; import it by a fixed name, or run the plugin in a `process`',
  };
}

export const CODE_KEPT =
  'this process may not make code from text, so Node imported the version and keeps it until it ends: each reload costs memory';

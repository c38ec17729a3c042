import { createRequire, isBuiltin } from 'node:module';
import type { CodeLedger } from '@backplane/ports';
import { loadAddon } from './native-addons.ts';
import type { Namespace, SharedModules } from './shared-modules.ts';

/**
 * The `require` of bundled CommonJS code. Builtins and shared modules come from the host; native add-ons are loaded once for the process;
 * whatever else is computed at run time is loaded by Node from the plugin's folder, and stays loaded.
 */
export function pluginRequire(entry: string, shared: SharedModules, ledger?: CodeLedger): NodeJS.Require {
  const native = createRequire(entry);
  const load = (path: string): unknown => {
    const keep = ledger?.loading(require);
    const exports: unknown = native(path);
    keep?.(path);
    return exports;
  };
  const require = (specifier: string): unknown => {
    if (isBuiltin(specifier)) {
      const builtin: unknown = native(specifier);
      return ledger === undefined || builtin === null ? builtin : ledger.builtin(specifier, builtin as object);
    }
    const namespace = shared.loaded(specifier);
    if (namespace !== undefined) return requiredForm(namespace);
    const path = native.resolve(specifier);
    if (path.endsWith('.node')) return loadAddon(path, entry, native);
    return path in native.cache ? native(path) : load(path);
  };
  return Object.assign(require, {
    resolve: native.resolve,
    cache: native.cache,
    extensions: native.extensions,
    main: undefined,
  });
}

/** What `require` would give for a module that was imported. */
function requiredForm(namespace: Namespace): unknown {
  return 'module.exports' in namespace ? namespace['module.exports'] : namespace;
}

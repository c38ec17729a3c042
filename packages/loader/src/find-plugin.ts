import { isPluginClass, PLUGIN, type Plugin, pluginFromClass } from '@backplane/plugin-api';
import { loaderErrors } from './errors.ts';

/**
 * The plugin that a module exports: the export of the given name; without a name the default export where that is a plugin, else the only
 * export that is one. Definitions and classes count alike, of this or any other copy of the plugin API. `file` is named in refusals.
 * @throws BP_PLUGIN_EXPORT_MISSING, BP_PLUGIN_EXPORT_AMBIGUOUS
 */
export function findPlugin(exports: Readonly<Record<string, unknown>>, exportName?: string, file?: string): Plugin {
  const exported = named(exports);
  const where = file === undefined ? {} : { file };
  if (exportName !== undefined) {
    if (!exported.has(exportName))
      throw loaderErrors.BP_PLUGIN_EXPORT_MISSING({ ...where, wanted: exportName, exported: [...exported.keys()] });
    const value = exported.get(exportName);
    const plugin = pluginOf(value);
    if (plugin === undefined)
      throw loaderErrors.BP_PLUGIN_EXPORT_MISSING({
        ...where,
        wanted: exportName,
        found: kindOf(value),
        exported: [...exported.keys()],
      });
    return plugin;
  }
  const preferred = pluginOf(exported.get('default'));
  if (preferred !== undefined) return preferred;
  // The same value under two names is one plugin.
  const found = new Map<unknown, string>();
  for (const [name, value] of exported) {
    if (pluginOf(value) !== undefined && !found.has(value)) found.set(value, name);
  }
  const [only, ...others] = found.keys();
  if (only === undefined) throw loaderErrors.BP_PLUGIN_EXPORT_MISSING({ ...where, exported: [...exported.keys()] });
  if (others.length > 0) throw loaderErrors.BP_PLUGIN_EXPORT_AMBIGUOUS({ ...where, plugins: [...found.values()] });
  return pluginOf(only) as Plugin;
}

/** The exports by name. The default of ESM that was compiled to CommonJS lies one level deeper. */
function named(exports: Readonly<Record<string, unknown>>): Map<string, unknown> {
  const exported = new Map(Object.entries(exports));
  const fallback = exported.get('default');
  if (typeof fallback === 'object' && fallback !== null && '__esModule' in fallback && 'default' in fallback)
    exported.set('default', fallback.default);
  return exported;
}

function pluginOf(value: unknown): Plugin | undefined {
  // An abstract base has the static field too, but nothing in it.
  if (isPluginClass(value)) return typeof value.metadata === 'object' ? pluginFromClass(value) : undefined;
  return typeof value === 'object' && value !== null && PLUGIN in value ? (value as Plugin) : undefined;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'function'
    ? 'a function'
    : Array.isArray(value)
      ? 'an array'
      : `a value of type ${typeof value}`;
}

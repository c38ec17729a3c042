import { canonicalName } from '@backplane/base';
import type { DependencyData } from '@backplane/ports';
import type { PluginManifest } from './manifest.ts';

/** Dependencies in the long form, canonical, sorted by name. */
export function dependencyData(dependencies: PluginManifest['dependencies'] = []): DependencyData[] {
  const entries = Array.isArray(dependencies)
    ? dependencies.map((entry) => (typeof entry === 'string' ? { name: entry } : entry))
    : Object.entries(dependencies).map(([name, range]) => ({ name, range }));
  return entries
    .map((entry: { name: string; range?: string; version?: string; optional?: boolean }) => ({
      name: canonicalName(entry.name),
      range: entry.range ?? entry.version ?? '*',
      optional: entry.optional ?? false,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** The other names of a plugin: canonical, each once, its own left out. */
export const aliasNames = (name: string, aliases: readonly string[] = []): string[] =>
  [...new Set(aliases.map(canonicalName))].filter((alias) => alias !== canonicalName(name));

/** The value of a key so that two ways to write the same compare equal. */
export function comparable(key: keyof PluginManifest, manifest: PluginManifest): unknown {
  switch (key) {
    case 'name':
      return canonicalName(manifest.name);
    case 'plugin_type':
      return manifest.plugin_type?.toLowerCase();
    case 'aliases':
      return aliasNames(manifest.name, manifest.aliases).sort();
    case 'kinds':
    case 'provides':
      return [...new Set(manifest[key])].sort();
    case 'dependencies':
      return dependencyData(manifest.dependencies);
    default:
      return manifest[key];
  }
}

import { canonicalName } from '@backplane/base';
import { isReservedName, nearestPosition, pointerOf } from '@backplane/wire';
import { isPlainMap } from '@backplane/wire/schema';
import { addressOf, type Environment } from './environment-layer.ts';
import type { HostFile } from './host-files.ts';
import type { ConfigOrigin } from './merge-layers.ts';
import type { PluginConfigFiles } from './plugin-config-files.ts';
import { SECTIONS } from './plugin-layers.ts';

/** A place that configures some plugin, whether there is one of that name or not. */
export interface AddressedPlugin extends Omit<ConfigOrigin, 'layer'> {
  /** What the plugin is called there, canonical: a file may go by its own name and by that of its service. */
  readonly names: readonly string[];
}

/** Every place of the host's files, the plugins' own files and the variables that configures a plugin, in this order. */
export function addressedPlugins(
  host: readonly HostFile[],
  plugins: PluginConfigFiles,
  variables: Environment,
): readonly AddressedPlugin[] {
  const byFile = new Map<string, string[]>();
  for (const [name, files] of plugins)
    for (const { path } of files) byFile.set(path, [...(byFile.get(path) ?? []), name]);
  const byVariable = Object.keys(variables).flatMap((variable) => {
    const address = addressOf(variable);
    return address === undefined ? [] : [{ names: [address.plugin], variable }];
  });
  return [...host.flatMap(inHostFile), ...[...byFile].map(([file, names]) => ({ names, file })), ...byVariable];
}

function inHostFile({ document }: HostFile): AddressedPlugin[] {
  if (document === undefined) return [];
  const { file, positions, value: root } = document;
  const addressed = (name: string, path: readonly string[]): AddressedPlugin => ({
    names: [canonicalName(name)],
    file,
    ...nearestPosition(positions, pointerOf(path)),
  });
  const sections = [...SECTIONS, ['plugin_settings']].flatMap((path) => {
    let at: unknown = root;
    for (const key of path) at = isPlainMap(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    const keys = isPlainMap(at) ? Object.keys(at) : [];
    return keys.filter((key) => !isReservedName(key)).map((key) => addressed(key, [...path, key]));
  });
  const listed = isPlainMap(root) && Array.isArray(root.default_plugins) ? root.default_plugins : [];
  const defaults = listed.flatMap((item: unknown, index) =>
    isPlainMap(item) && typeof item.name === 'string'
      ? [addressed(item.name, ['default_plugins', String(index), 'name'])]
      : [],
  );
  return [...sections, ...defaults];
}

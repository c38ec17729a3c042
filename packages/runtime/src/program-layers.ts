import { canonicalName } from '@backplane/base';
import type { ConfigLayer } from '@backplane/config';

/** What a program configures for its plugins, as the layer over the files. */
export function programLayers(
  pluginConfig: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
): (plugin: string) => readonly ConfigLayer[] {
  const layers = new Map(
    Object.entries(pluginConfig).map(([name, value]) => [canonicalName(name), { name: 'program', value }]),
  );
  return (plugin) => [layers.get(plugin) ?? []].flat();
}

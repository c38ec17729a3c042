import type { PluginCandidate } from '@backplane/discovery';
import type { Plugin } from '@backplane/plugin-api';
import type { PluginData } from '@backplane/ports';
import { resolvePluginData } from '@backplane/wire';
import { errors } from './errors.ts';
import { describe } from './loaded-plugin.ts';

/** The complete data of a plugin, from its code and its manifest. @throws BP_PLUGIN_METADATA with everything that is wrong */
export function dataOf(plugin: Plugin, candidate: PluginCandidate | undefined, fallbackName: string): PluginData {
  const { data, problems } = resolvePluginData(plugin, {
    manifest: candidate?.manifest,
    file: candidate?.entry,
    fallbackName,
  });
  if (data) return data;
  throw errors.BP_PLUGIN_METADATA({ plugin: candidate?.name ?? fallbackName, problems: problems.map(describe) });
}

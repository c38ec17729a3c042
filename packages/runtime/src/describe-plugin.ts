import type { PluginCandidate } from '@backplane/discovery';
import { findPlugin, type LoadedModule } from '@backplane/loader';
import type { ConfigSchema } from '@backplane/plugin-api';
import type { PluginData } from '@backplane/ports';
import { dataOf } from './data-of.ts';

/** What a plugin says of itself, read in a process of its own. The configuration schema comes along where it is plain data. */
export interface PluginDescription {
  readonly data: PluginData;
  readonly digest: string;
  /** The files that went in. */
  readonly inputs: readonly string[];
}

/** The child's side: reads a plugin that has been loaded. @throws BP_PLUGIN_METADATA, and what says that there is no plugin */
export function describePlugin(candidate: PluginCandidate, module: LoadedModule): PluginDescription {
  const plugin = findPlugin(module.exports, candidate.exportName, candidate.entry);
  const data = dataOf(plugin, candidate, candidate.name);
  const { digest, inputs } = module;
  return { data: { ...data, config: plainSchema(data.config) }, digest, inputs };
}

/** A schema that is data; a Standard Schema is code, and stays behind. */
function plainSchema(schema: ConfigSchema | undefined): ConfigSchema | undefined {
  if (schema === undefined || '~standard' in schema) return undefined;
  return JSON.parse(JSON.stringify(schema)) as ConfigSchema;
}

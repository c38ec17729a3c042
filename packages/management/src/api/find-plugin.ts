import { canonicalName, isBackplaneError } from '@backplane/base';
import type { CataloguePlugin, PluginStatus } from '@backplane/ports';
import { errors } from '../errors.ts';
import type { ApiParts } from './api-parts.ts';

/** A plugin that the API was asked about. */
export interface FoundPlugin {
  readonly row: CataloguePlugin;
  /** `undefined` for one that is known by its rows alone. */
  readonly status: PluginStatus | undefined;
}

/** The plugin of a number, name or alias. @throws BP_PLUGIN_UNKNOWN */
export async function findPlugin({ control, catalogue }: ApiParts, idOrName: string): Promise<FoundPlugin> {
  const rows = await catalogue();
  const row = /^[1-9]\d{0,14}$/.test(idOrName)
    ? await rows.plugin(Number(idOrName))
    : await rows.plugin(statusOf(control, canonicalName(idOrName))?.name ?? canonicalName(idOrName));
  if (row === undefined) throw errors.BP_API_PLUGIN_UNKNOWN({ plugin: idOrName });
  return { row, status: statusOf(control, row.name) };
}

function statusOf(control: ApiParts['control'], name: string): PluginStatus | undefined {
  try {
    return control.pluginStatus(name);
  } catch (error) {
    if (isBackplaneError(error, 'BP_PLUGIN_UNKNOWN')) return undefined;
    throw error;
  }
}

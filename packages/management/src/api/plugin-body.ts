import type { KnownDependency } from '@backplane/ports';
import type { PluginBody } from '@backplane/wire';
import type { FoundPlugin } from './find-plugin.ts';

export const time = (at: number): string => new Date(at).toISOString();

/** A plugin as the API shows it. */
export function pluginBody({ row, status }: FoundPlugin, dependencies: readonly KnownDependency[]): PluginBody {
  return {
    id: row.id,
    name: row.name,
    display_name: row.displayName,
    description: row.description,
    version: status?.version ?? row.version,
    author: row.author,
    plugin_type: row.type.toUpperCase(),
    module_path: row.modulePath ?? null,
    entry_point: row.entryPoint ?? null,
    config_schema: row.configSchema ?? null,
    enabled: row.enabled,
    status: status?.state.phase ?? 'discovered',
    reason: status?.reason ?? '',
    phase: status?.phase ?? 'business',
    priority: status?.priority ?? 100,
    isolation: status?.level ?? 'inline',
    origin: status?.origin ?? '',
    services: [...(status?.services ?? [])],
    dependencies: dependencies.map(({ name, range, optional, satisfied }) => ({
      name,
      version: range,
      optional,
      satisfied,
    })),
    created_at: time(row.createdAt),
    updated_at: time(row.updatedAt),
  };
}

import { canonicalName } from '@backplane/base';
import { type WantedDescription, type WantedPlugin, withoutPlugin, withPlugin } from '@backplane/ports';
import type { NewPluginBody, PluginBody, PluginUpdateBody } from '@backplane/wire';
import { isPluginName, isReservedName } from '@backplane/wire';
import { errors } from '../errors.ts';
import type { ApiParts } from './api-parts.ts';
import { type ApiRequest, type ApiRoute, changeQuery, filter, pageQuery } from './api-route.ts';
import { change } from './change-body.ts';
import { refuseStale, tagOf } from './entity-tag.ts';
import { type FoundPlugin, findPlugin } from './find-plugin.ts';
import { pageOf } from './pages.ts';
import { pluginBody } from './plugin-body.ts';

const TYPES: ReadonlySet<string> = new Set([
  'communication',
  'billing',
  'networking',
  'authentication',
  'monitoring',
  'integration',
  'utility',
  'custom',
]);

/** Plugins: list, create, read, update, delete. */
export function pluginRoutes(parts: ApiParts): ApiRoute[] {
  const { desk, catalogue } = parts;

  async function answer(idOrName: string, status = 200) {
    const found = await findPlugin(parts, idOrName);
    return { status, body: await shown(parts, found), headers: { etag: tagOf(desk.current.state, found.row.name) } };
  }

  return [
    {
      method: 'GET',
      url: '/api/v1/plugins',
      operationId: 'listPlugins',
      summary: 'Every plugin that is known, by name',
      query: pageQuery({
        plugin_type: filter('Of this type, in any case.', 40),
        status: filter('In this state: running, failed, disabled, …', 40),
        enabled: { type: 'boolean', description: 'Switched on, or off.' },
        search: filter('Whose name, title or description holds this.'),
      }),
      answers: { 200: ['One page.', 'PluginPage'] },
      async handle({ query }) {
        const rows = await (await catalogue()).plugins();
        const statuses = new Map(parts.control.status().map((status) => [status.name, status]));
        const found = rows
          .map((row): FoundPlugin => ({ row, status: statuses.get(row.name) }))
          .filter((plugin) => isWanted(plugin, query));
        const page = pageOf(found, query, ({ row }) => row.name);
        const items = await Promise.all(page.items.map((plugin) => shown(parts, plugin)));
        return { body: { items, total: found.length, next_cursor: page.next } };
      },
    },
    {
      method: 'POST',
      url: '/api/v1/plugins',
      operationId: 'createPlugin',
      summary: 'Register a plugin: a module below a plugin folder, and its export',
      query: changeQuery,
      body: 'NewPlugin',
      answers: {
        201: ['It is there, and runs where it is enabled.', 'PluginChange'],
        200: ['What would happen.', 'PluginChange'],
      },
      async handle(request) {
        const body = request.body as NewPluginBody;
        const name = newName(body.name);
        const wanted = await wantedOf(parts, name, body);
        const made = await change(parts, request, {
          action: 'plugin.create',
          target: name,
          edit: (state, seal) =>
            withPlugin(state, name, (before) => ({
              ...before,
              ...wanted,
              config: Object.fromEntries(
                Object.entries(body.config ?? {}).map(([key, value]) => [key, seal(name, key, value as never)]),
              ),
            })),
        });
        if (made.dry_run) return { body: { plugin: null, change: made } };
        const found = await findPlugin(parts, name);
        return {
          status: 201,
          body: { plugin: await shown(parts, found), change: made },
          headers: { location: `/api/v1/plugins/${found.row.id}`, etag: tagOf(desk.current.state, name) },
        };
      },
    },
    {
      method: 'GET',
      url: '/api/v1/plugins/:plugin_id',
      operationId: 'getPlugin',
      summary: 'One plugin, by number, name or alias',
      answers: { 200: ['The plugin. Its entity tag is for changes of what is desired of it.', 'Plugin'] },
      handle: ({ params }) => answer(params.plugin_id as string),
    },
    {
      method: 'PUT',
      url: '/api/v1/plugins/:plugin_id',
      operationId: 'updatePlugin',
      summary: 'Change what is said of a plugin, and whether it runs',
      query: changeQuery,
      body: 'PluginUpdate',
      conditional: true,
      answers: { 200: ['The change, and the plugin after it.', 'PluginChange'] },
      async handle(request) {
        const found = await findPlugin(parts, request.params.plugin_id as string);
        const { name } = found.row;
        const { enabled, ...about } = request.body as PluginUpdateBody;
        const made = await change(parts, request, {
          action: 'plugin.update',
          target: name,
          edit: (state) => {
            refuseStale(request.ifMatch, tagOf(state, name), name);
            return withPlugin(state, name, (before) => ({
              ...before,
              ...(enabled !== undefined && { enabled }),
              about: { ...before.about, ...aboutOf(about) },
            }));
          },
        });
        return { body: await changed(parts, name, made), headers: { etag: tagOf(desk.current.state, name) } };
      },
    },
    {
      method: 'DELETE',
      url: '/api/v1/plugins/:plugin_id',
      operationId: 'deletePlugin',
      summary: 'Forget a plugin that was registered or installed, with all that was set for it',
      query: changeQuery,
      conditional: true,
      answers: { 200: ['It is gone.', 'PluginChange'] },
      async handle(request) {
        const { row } = await findPlugin(parts, request.params.plugin_id as string);
        const made = await change(parts, request, {
          action: 'plugin.delete',
          target: row.name,
          edit: (state) => {
            refuseStale(request.ifMatch, tagOf(state, row.name), row.name);
            if (state.plugins[row.name]?.code === undefined)
              throw errors.BP_API_PLUGIN_IN_FOLDER({ plugin: row.name, origin: originOf(parts, row.name) });
            return withoutPlugin(state, row.name);
          },
        });
        return { body: { plugin: null, change: made } };
      },
    },
  ];
}

/** A plugin with what it depends on. */
export async function shown({ catalogue }: ApiParts, found: FoundPlugin): Promise<PluginBody> {
  return pluginBody(found, await (await catalogue()).dependencies(found.row.id));
}

/** A change, and the plugin after it. */
export async function changed(parts: ApiParts, name: string, made: Awaited<ReturnType<typeof change>>) {
  return { plugin: made.dry_run ? null : await shown(parts, await findPlugin(parts, name)), change: made };
}

function isWanted({ row, status }: FoundPlugin, query: ApiRequest['query']): boolean {
  const { plugin_type, status: phase, enabled, search } = query;
  if (plugin_type !== undefined && row.type !== plugin_type.toLowerCase()) return false;
  if (phase !== undefined && (status?.state.phase ?? 'discovered') !== phase.toLowerCase()) return false;
  if (enabled !== undefined && row.enabled !== enabled) return false;
  if (search === undefined) return true;
  const word = search.toLowerCase();
  return [row.name, row.displayName, row.description].some((text) => text.toLowerCase().includes(word));
}

function newName(text: string): string {
  const name = canonicalName(text);
  if (!isPluginName(name) || isReservedName(name)) throw errors.BP_API_NAME_INVALID({ name: text });
  return name;
}

async function wantedOf(parts: ApiParts, name: string, body: NewPluginBody): Promise<WantedPlugin> {
  const { module_path, entry_point, enabled = true, name: _, config: __, ...about } = body;
  const { administration, control } = parts;
  const { file } = administration.locate(name, module_path, entry_point);
  const row = await (await parts.catalogue()).plugin(name);
  const known = row !== undefined && control.status().some((status) => status.name === name);
  // A module that lies where plugins are looked for may be registered besides: it is one plugin.
  if (known && administration.entryOf(name) !== file)
    throw errors.BP_API_PLUGIN_EXISTS({ plugin: name, origin: originOf(parts, name) });
  return { enabled, code: { from: 'module', module_path, entry_point }, about: aboutOf(about) };
}

function aboutOf({ plugin_type, config_schema, ...texts }: PluginUpdateBody): WantedDescription {
  const type = plugin_type?.toLowerCase();
  if (type !== undefined && !TYPES.has(type)) throw errors.BP_API_TYPE_UNKNOWN({ type, known: [...TYPES] });
  return {
    ...texts,
    ...(type !== undefined && { plugin_type: type }),
    ...(config_schema && { config_schema: config_schema as never }),
  };
}

function originOf({ control }: ApiParts, name: string): string {
  return control.status().find((status) => status.name === name)?.origin ?? '';
}

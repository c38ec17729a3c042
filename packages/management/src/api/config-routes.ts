import {
  type CatalogueConfiguration,
  type Seal,
  type WantedPlugin,
  type WantedValue,
  withPlugin,
} from '@backplane/ports';
import type {
  ConfigurationBody,
  ConfigurationUpdateBody,
  NewConfigurationBody,
  WholeConfigurationBody,
} from '@backplane/wire';
import { errors } from '../errors.ts';
import type { ApiParts } from './api-parts.ts';
import { type ApiRequest, type ApiRoute, changeQuery, filter, pageQuery } from './api-route.ts';
import { change } from './change-body.ts';
import { refuseStale, tagOf } from './entity-tag.ts';
import { findPlugin } from './find-plugin.ts';
import { pageOf } from './pages.ts';
import { time } from './plugin-body.ts';
import { changed } from './plugin-routes.ts';

const KEY = /^[A-Za-z_$][\w$-]*(?:\.[\w$-]+)*$/;
const HOST_KEYS: ReadonlySet<string> = new Set(['enabled']);

/** What is set for a plugin over its files, key by key and as a whole. */
export function configRoutes(parts: ApiParts): ApiRoute[] {
  const { desk, catalogue } = parts;

  async function edit(
    request: ApiRequest,
    action: string,
    next: (config: Readonly<Record<string, WantedValue>>, seal: Seal, name: string) => Record<string, WantedValue>,
  ) {
    const { row } = await findPlugin(parts, request.params.plugin_id as string);
    const { name } = row;
    const made = await change(parts, request, {
      action,
      target: name,
      edit: (state, seal) => {
        refuseStale(request.ifMatch, tagOf(state, name), name);
        return withPlugin(
          state,
          name,
          (before): WantedPlugin => ({ ...before, config: next(before.config ?? {}, seal, name) }),
        );
      },
    });
    return { row, made, headers: { etag: tagOf(desk.current.state, name) } };
  }

  /** The key of a number, or the key itself. */
  async function keyOf(request: ApiRequest): Promise<string> {
    const { plugin_id = '', config_id = '' } = request.params;
    const { row } = await findPlugin(parts, plugin_id);
    const entries = await (await catalogue()).configurations(row.id);
    const entry = entries.find(({ id, key }) => String(id) === config_id || key === config_id);
    if (entry === undefined) throw errors.BP_API_CONFIG_UNKNOWN({ plugin: row.name, config: config_id });
    return entry.key;
  }

  return [
    {
      method: 'GET',
      url: '/api/v1/plugins/:plugin_id/config',
      operationId: 'getPluginConfig',
      summary: 'The keys that are set over the files',
      query: pageQuery({ key: filter('Keys that begin with this.') }),
      answers: { 200: ['One page.', 'ConfigurationPage'] },
      async handle({ params, query }) {
        const { row } = await findPlugin(parts, params.plugin_id as string);
        const all = await (await catalogue()).configurations(row.id);
        const found = all.filter(({ key }) => key.startsWith(query.key ?? ''));
        const page = pageOf(found, query, ({ id }) => String(id).padStart(15, '0'));
        const body = { items: page.items.map(entryBody), total: found.length, next_cursor: page.next };
        return { body, headers: { etag: tagOf(desk.current.state, row.name) } };
      },
    },
    {
      method: 'POST',
      url: '/api/v1/plugins/:plugin_id/config',
      operationId: 'createPluginConfig',
      summary: 'Set a key that is not set yet',
      query: changeQuery,
      body: 'NewConfiguration',
      conditional: true,
      answers: {
        201: ['It is set, and the plugin runs with it.', 'ConfigurationCreated'],
        200: ['What would happen.', 'PluginChange'],
      },
      async handle(request) {
        const { key, value, encrypted } = request.body as NewConfigurationBody;
        refuseKey(key);
        const { row, made, headers } = await edit(request, 'config.create', (config, seal, name) => {
          if (Object.hasOwn(config, key)) throw errors.BP_API_CONFIG_EXISTS({ plugin: name, key });
          return { ...config, [key]: seal(name, key, value as never, encrypted) };
        });
        if (made.dry_run) return { body: await changed(parts, row.name, made) };
        const entries = await (await catalogue()).configurations(row.id);
        const entry = entries.find((one) => one.key === key) as CatalogueConfiguration;
        const location = `/api/v1/plugins/${row.id}/config/${entry.id}`;
        return { status: 201, body: { ...entryBody(entry), change: made }, headers: { ...headers, location } };
      },
    },
    {
      method: 'PUT',
      url: '/api/v1/plugins/:plugin_id/config',
      operationId: 'replacePluginConfig',
      summary: 'Set exactly these keys, and no others',
      query: changeQuery,
      body: 'WholeConfiguration',
      conditional: true,
      answers: { 200: ['The change, and the plugin after it.', 'PluginChange'] },
      async handle(request) {
        const given = Object.entries((request.body as WholeConfigurationBody).config);
        for (const [key] of given) refuseKey(key);
        const { row, made, headers } = await edit(request, 'config.replace', (_config, seal, name) =>
          Object.fromEntries(given.map(([key, value]) => [key, seal(name, key, value as never)])),
        );
        return { body: await changed(parts, row.name, made), headers };
      },
    },
    {
      method: 'PUT',
      url: '/api/v1/plugins/:plugin_id/config/:config_id',
      operationId: 'updatePluginConfig',
      summary: 'Change the value of a key, by its number or by the key itself',
      query: changeQuery,
      body: 'ConfigurationUpdate',
      conditional: true,
      answers: { 200: ['The change, and the plugin after it.', 'PluginChange'] },
      async handle(request) {
        const key = await keyOf(request);
        const { value, encrypted } = request.body as ConfigurationUpdateBody;
        const { row, made, headers } = await edit(request, 'config.update', (config, seal, name) => {
          const before = config[key];
          if (before === undefined) throw errors.BP_API_CONFIG_UNKNOWN({ plugin: name, config: key });
          // Once sealed, a key stays so until somebody says otherwise.
          return { ...config, [key]: seal(name, key, value as never, encrypted ?? 'secret' in before) };
        });
        return { body: await changed(parts, row.name, made), headers };
      },
    },
    {
      method: 'DELETE',
      url: '/api/v1/plugins/:plugin_id/config/:config_id',
      operationId: 'deletePluginConfig',
      summary: 'Take a key back: what lies below it counts again',
      query: changeQuery,
      conditional: true,
      answers: { 200: ['The change, and the plugin after it.', 'PluginChange'] },
      async handle(request) {
        const key = await keyOf(request);
        const { row, made, headers } = await edit(request, 'config.delete', ({ [key]: _, ...others }) => others);
        return { body: await changed(parts, row.name, made), headers };
      },
    },
  ];
}

/** Also where a state is put together from a file. @throws BP_API_CONFIG_KEY */
export function refuseKey(key: string): void {
  if (!KEY.test(key) || key.split('.').includes('__proto__') || HOST_KEYS.has(key))
    throw errors.BP_API_CONFIG_KEY({ key });
}

const entryBody = (entry: CatalogueConfiguration): ConfigurationBody => ({
  id: entry.id,
  key: entry.key,
  value: entry.secret === undefined ? entry.value : '***',
  encrypted: entry.secret !== undefined,
  created_at: time(entry.createdAt),
  updated_at: time(entry.updatedAt),
});

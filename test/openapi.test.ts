import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { definePlugin } from '@backplane/plugin-api';
import type { HostOptions } from '@backplane/runtime';
import { createTestHost, type TestHost } from '@backplane/testing';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

/** The same file at every level: declared operations, routes of Fastify with a shared schema, and a WebSocket. */
const shop = (version = '1.0.0', more = '') => `
import { definePlugin, reply } from '@backplane/plugin-api';
const order = { id: { type: 'string', required: true }, count: { type: 'integer', required: true } };
export default definePlugin({
  name: 'shop',
  version: '${version}',
  aliases: ['store'],
  displayName: 'The Shop',
  initialize({ http }) {
    http.operation({
      method: 'PUT',
      path: '/orders/:id',
      operationId: 'putOrder',
      summary: 'Place an order',
      params: { id: { type: 'string', minLength: 2, required: true } },
      query: { dry: { type: 'boolean', default: false } },
      body: { count: { type: 'integer', minimum: 1, required: true } },
      responses: { 200: { schema: order }, 409: { description: 'Sold out.' } },
      handler: ({ params, query, body }) =>
        body.count > 100 ? reply(409) : { id: params.id, count: query.dry ? 0 : body.count, ...(body.count === 13 && { extra: 1 }) },
    });
    http.routes((app) => {
      app.addSchema({ $id: 'user', type: 'object', properties: { friend: { $ref: '#' } } });
      app.get('/users/:name', { schema: { response: { 200: { $ref: 'user#' } } } }, async () => ({}));
      app.get('/files/*', async () => 'file');
      app.get('/hidden', { schema: { hide: true } }, async () => 'hidden');
      ${more}
    });
    http.webSocket('/live', () => {});
  },
});
`;

const neighbour = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'neighbour',
  version: '2.0.0',
  initialize({ http }) {
    http.routes((app) => { app.get('/', async () => 'root'); });
  },
});
`;
const failing = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'failing',
  version: '1.0.0',
  initialize({ http }) {
    http.operation({ method: 'GET', path: '/x', handler: () => ({}) });
    return { start() { throw new Error('no database'); } };
  },
});
`;

type Document = {
  readonly paths: Record<string, Record<string, { operationId: string; tags: string[] }>>;
  readonly 'x-backplane-generation': number;
};

async function document({ url }: TestHost): Promise<Document> {
  const response = await fetch(`${url}/api/v1/openapi.json`);
  expect(response.status).toBe(200);
  const found = (await response.json()) as Document;
  const { valid, errors } = await new Validator().validate(structuredClone(found) as never);
  expect(valid ? [] : errors).toEqual([]);
  return found;
}

/** Paths and methods of plugins. */
const served = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { tags, operationId }]) =>
      tags[0] === 'Backplane' ? [] : [`${method} ${path} ${operationId}`],
    ),
  );

const start = (isolation: 'inline' | 'process', more: HostOptions = {}) =>
  createTestHost({
    isolation: { shop: isolation },
    prepare: (folder) =>
      writePlugins(join(folder, 'plugins'), { 'shop.ts': shop(), 'neighbour.ts': neighbour, 'failing.ts': failing }),
    ...more,
  });

const SERVED = [
  'get /neighbour neighbour.get',
  'get /shop/files/{rest} shop.getFilesByRest',
  'get /shop/live shop.getLive',
  'put /shop/orders/{id} shop.putOrder',
  'get /shop/users/{name} shop.getUsersByName',
];

describe.each(['inline', 'process'] as const)('declared operations of a plugin (%s)', (isolation) => {
  it('are checked, done, and described with everything else that the plugin serves', async () => {
    await using host = await start(isolation);
    const put = async (path: string, body: unknown) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(host.url + path, { method: 'PUT', headers, body: JSON.stringify(body) });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    };
    expect(await put('/store/orders/ab?dry=true', { count: 2 })).toEqual({ status: 200, body: { id: 'ab', count: 0 } });
    expect(await put('/shop/orders/ab', { count: 101 })).toEqual({ status: 409, body: undefined });
    const refused = await put('/shop/orders/a?dry=perhaps', { cuont: 1 });
    expect(refused).toMatchObject({ status: 400, body: { code: 'BP_HTTP_VALIDATION', instance: expect.anything() } });
    expect(refused.body.errors.map(({ in: part, pointer }: { in: string; pointer: string }) => part + pointer)).toEqual(
      ['params/id', 'querystring/dry', 'body/cuont'],
    );
    const broken = await put('/shop/orders/ab', { count: 13 });
    expect(broken).toMatchObject({ status: 500, body: { code: 'BP_OPERATION_ANSWER_BROKEN' } });
    expect(served(await document(host))).toEqual(SERVED);
  });
});

describe('the OpenAPI document of a host', () => {
  it('is the same whether a plugin runs in the host or in a process of its own', async () => {
    await using inline = await start('inline');
    await using isolated = await start('process');
    const [here, there] = [await document(inline), await document(isolated)];
    expect({ ...there, 'x-backplane-generation': 0 }).toEqual({ ...here, 'x-backplane-generation': 0 });
  });

  it('follows what runs: a new version, a removed plugin', async () => {
    await using host = await start('inline');
    const before = await document(host);
    await writePlugins(join(host.folder, 'plugins'), { 'shop.ts': shop('1.1.0', "app.get('/new', async () => 1);") });
    await rm(join(host.folder, 'plugins/neighbour.ts'));
    await host.host.rescan();
    const after = await document(host);
    expect(after['x-backplane-generation']).toBeGreaterThan(before['x-backplane-generation']);
    expect(served(after)).toEqual([...SERVED.slice(1, 3), 'get /shop/new shop.getNew', ...SERVED.slice(3)]);
  });

  it('is closed in production, where it cannot be opened', async () => {
    await using host = await start('inline', { environment: 'production' });
    const ask = (headers: Record<string, string>) => fetch(`${host.url}/api/v1/openapi.json`, { headers });
    expect((await ask({})).status).toBe(401);
    expect((await ask(host.management)).status).toBe(200);
    await expect(createTestHost({ environment: 'production', openapi: 'open' })).rejects.toMatchObject({
      code: 'BP_OPENAPI_OPEN',
    });
  });

  it('is complete while apps are still to be built', async () => {
    const plugins = Array.from({ length: 150 }, (_, i) =>
      definePlugin({
        name: `many-${i}`,
        version: '1.0.0',
        initialize({ http }) {
          http.routes((app) => void app.get('/route', async () => i));
        },
      }),
    );
    await using host = await createTestHost({ plugins });
    const found = await document(host);
    expect(served(found)).toHaveLength(150);
  });
});

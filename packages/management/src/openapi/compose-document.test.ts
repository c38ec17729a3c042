import type { OperationDescription, PluginRoutes, RouteDescription } from '@backplane/ports';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeDocument } from './compose-document.ts';
import type { OpenApiDocument, OperationObject } from './openapi-types.ts';

const route = (method: string, url: string, operation?: Partial<OperationDescription>): RouteDescription => ({
  method,
  url,
  operation: operation && { responses: {}, ...operation },
});

const plugin = (name: string, ...routes: RouteDescription[]): PluginRoutes => ({
  plugin: name,
  displayName: name,
  version: '1.0.0',
  description: '',
  routes,
});

function compose(...plugins: PluginRoutes[]): Promise<OpenApiDocument> {
  const host = plugin('Backplane', route('GET', '/health'), route('GET', '/plugins/status'));
  const openPages = new Set(['GET /health']);
  const problem = { type: 'object', properties: { code: { type: 'string' } } };
  return composeDocument({ version: '0.1.0', generation: 3, plugins, host, openPages, problem, pause: async () => {} });
}

const validator = new Validator();

/** Also that every reference leads somewhere, that operations have unique ids, and that paths and parameters agree. */
async function expectSound(document: OpenApiDocument): Promise<void> {
  const { valid, errors } = await validator.validate(structuredClone(document) as never);
  expect(valid ? [] : errors).toEqual([]);
  const ids: string[] = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const operation of Object.values(item) as OperationObject[]) {
      ids.push(operation.operationId);
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(inPath.map(({ name }) => name).sort()).toEqual([...path.matchAll(/\{(.*?)\}/g)].map(([, n]) => n).sort());
    }
  }
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, pointer = ''] of JSON.stringify(document).matchAll(/"\$ref":"#\/(.*?)"/g)) {
    const target = pointer
      .split('/')
      .reduce<unknown>(
        (at, key) =>
          (at as Record<string, unknown>)?.[decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~')],
        document,
      );
    expect([pointer, target]).not.toEqual([pointer, undefined]);
  }
}

const operationAt = (document: OpenApiDocument, path: string, method = 'get') =>
  (document.paths[path] as Record<string, OperationObject> | undefined)?.[method] as OperationObject;

describe('the document', () => {
  test('holds the routes of all plugins and the pages of the host, which ask for the token unless they are open', async () => {
    const document = await compose(
      plugin('shop', route('POST', '/shop/orders', { summary: 'Order' }), route('GET', '/shop/raw')),
      plugin('bank', route('GET', '/bank/')),
      plugin('silent'),
    );
    await expectSound(document);
    expect(document.info.version).toBe('0.1.0');
    expect(document['x-backplane-generation']).toBe(3);
    expect(Object.keys(document.paths)).toEqual(['/bank', '/health', '/plugins/status', '/shop/orders', '/shop/raw']);
    expect(document.tags.map(({ name }) => name)).toEqual(['Backplane', 'shop', 'bank']);
    expect(operationAt(document, '/health').security).toBeUndefined();
    expect(operationAt(document, '/plugins/status').security).toEqual([{ management: [] }]);
    expect(operationAt(document, '/shop/raw')).toEqual({
      operationId: 'shop.getRaw',
      tags: ['shop'],
      responses: { default: { description: 'Any answer.' } },
    });
  });

  test.each([
    ['/shop/:id', ['/shop/{id}'], ['id']],
    ['/shop/:id(^\\d+)/x', ['/shop/{id}/x'], ['id']],
    ['/shop/:year-:month.:ext', ['/shop/{year}-{month}.{ext}'], ['year', 'month', 'ext']],
    ['/shop/:id?', ['/shop', '/shop/{id}'], ['id']],
    ['/shop/files/*', ['/shop/files/{rest}'], ['rest']],
    ['/shop/a::b', ['/shop/a:b'], []],
    ['/shop/{x}', ['/shop/%7Bx%7D'], []],
    ['/shop/:a(x|(\\)+))', ['/shop/{a}'], ['a']],
  ])('converts the path %s', async (url, paths, names) => {
    const document = await compose(plugin('shop', route('GET', url)));
    await expectSound(document);
    expect(Object.keys(document.paths).filter((path) => path.startsWith('/shop'))).toEqual(paths);
    const { parameters = [] } = operationAt(document, paths.at(-1) as string);
    expect(parameters.map(({ name }) => name)).toEqual(names);
  });

  test('tells HEAD only where it stands alone, and no method that OpenAPI does not know', async () => {
    const all = ['HEAD', 'GET', 'PROPFIND'].map((method) => route(method, '/shop/a'));
    const document = await compose(plugin('shop', ...all, route('HEAD', '/shop/b'), route('REPORT', '/shop/c')));
    await expectSound(document);
    expect(Object.keys(document.paths['/shop/a'] ?? {})).toEqual(['get']);
    expect(Object.keys(document.paths['/shop/b'] ?? {})).toEqual(['head']);
    expect(document.paths['/shop/c']).toBeUndefined();
  });

  test('gives one path for routes that differ in the names of their parameters', async () => {
    const params = { type: 'object', properties: { key: { type: 'integer' } } };
    const document = await compose(plugin('shop', route('GET', '/shop/:id'), route('PUT', '/shop/:key', { params })));
    await expectSound(document);
    expect(operationAt(document, '/shop/{id}', 'put').parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'integer' } },
    ]);
  });

  test('keeps the ids of operations apart, also where plugins choose the same', async () => {
    const get = (url: string, operationId: string) => route('GET', url, { operationId });
    const document = await compose(
      plugin('shop', get('/shop/a', 'get'), get('/shop/b', 'get'), get('/shop/c', 'not fit')),
      plugin('bank', get('/bank/a', 'get')),
    );
    await expectSound(document);
    const ids = ['/shop/a', '/shop/b', '/shop/c', '/bank/a'].map((path) => operationAt(document, path).operationId);
    expect(ids).toEqual(['shop.get', 'shop.get_2', 'shop.getC', 'bank.get']);
  });

  test('tells parameters, bodies, answers and refusals', async () => {
    const document = await compose(
      plugin(
        'shop',
        route('POST', '/shop/:id', {
          tags: ['orders', 'shop'],
          deprecated: true,
          params: { type: 'object', properties: { id: { type: 'integer', description: 'Of the order.' } } },
          query: { type: 'object', properties: { limit: { type: 'integer' }, q: {} }, required: ['limit'] },
          headers: { type: 'object', properties: { 'X-Tenant': { type: 'string' }, authorization: {} } },
          body: { 'application/json': { type: 'object' }, 'no type': {} },
          responses: {
            201: { description: 'Made.', content: { 'application/json': { type: 'string' } } },
            404: { description: '' },
            odd: { description: 'x' },
          },
        }),
      ),
    );
    await expectSound(document);
    expect(operationAt(document, '/shop/{id}', 'post')).toEqual({
      operationId: 'shop.postById',
      tags: ['shop', 'orders'],
      deprecated: true,
      parameters: [
        {
          name: 'id',
          in: 'path',
          required: true,
          description: 'Of the order.',
          schema: { type: 'integer', description: 'Of the order.' },
        },
        { name: 'limit', in: 'query', required: true, schema: { type: 'integer' } },
        { name: 'q', in: 'query', schema: {} },
        { name: 'X-Tenant', in: 'header', schema: { type: 'string' } },
      ],
      requestBody: { required: true, content: { 'application/json': { schema: { type: 'object' } } } },
      responses: {
        201: { description: 'Made.', content: { 'application/json': { schema: { type: 'string' } } } },
        400: { $ref: '#/components/responses/InvalidRequest' },
        404: { description: 'An answer.' },
        default: { $ref: '#/components/responses/Problem' },
      },
    });
  });
});

describe('a schema', () => {
  const withBody = async (schema: unknown, shared?: Record<string, unknown>, of = 'shop') => {
    const said = { body: { 'application/json': schema }, ...(shared && { shared }) };
    const document = await compose(
      plugin(of, route('POST', `/${of}/x`, said)),
      plugin('bank', route('POST', '/bank/x', said)),
    );
    await expectSound(document);
    const content = operationAt(document, `/${of}/x`, 'post').requestBody?.content;
    return { schema: content?.['application/json']?.schema, schemas: document.components.schemas };
  };

  test('that refers to itself, its parts, ids and anchors is a component, and still means the same', async () => {
    const tree = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'https://example.org/tree',
      type: 'object',
      properties: {
        left: { $ref: '#' },
        right: { $ref: 'https://example.org/tree' },
        value: { $ref: '#/$defs/a~1b value' },
        named: { $ref: '#here' },
      },
      $defs: { 'a/b value': { type: 'integer' }, other: { $anchor: 'here', type: 'string' } },
    };
    const { schema, schemas } = await withBody(tree);
    expect(schema).toEqual({ $ref: '#/components/schemas/shop.postX.body' });
    const root = { $ref: '#/components/schemas/shop.postX.body', components: { schemas } };
    const check = new Ajv2020({ strict: false }).compile(root);
    expect(check({ left: { value: 1 }, right: { right: { named: 'x' } } })).toBe(true);
    expect(check({ left: { value: 'x' } })).toBe(false);
    expect(check({ right: { right: { named: 1 } } })).toBe(false);
    expect(JSON.stringify(schemas)).not.toContain('example.org');
  });

  test('that Fastify shares is one component for each plugin', async () => {
    const shared = {
      user: {
        $id: 'user',
        type: 'object',
        properties: { friend: { $ref: '#' }, home: { $ref: 'address#/properties/town' } },
      },
      address: { $id: 'address', type: 'object', properties: { town: { type: 'string' } } },
      unused: { $id: 'unused' },
    };
    const { schema, schemas } = await withBody({ $ref: 'user#' }, shared);
    expect(schema).toEqual({ $ref: '#/components/schemas/shop.user' });
    expect(Object.keys(schemas)).toEqual(['Problem', 'bank.address', 'bank.user', 'shop.address', 'shop.user']);
    expect(schemas['shop.user']).toEqual({
      type: 'object',
      properties: {
        friend: { $ref: '#/components/schemas/shop.user' },
        home: { $ref: '#/components/schemas/shop.address/properties/town' },
      },
    });
  });

  test('of an older draft is brought up to date', async () => {
    const old = {
      items: [{ type: 'string' }],
      additionalItems: false,
      exclusiveMinimum: true,
      properties: { a: { type: 'string', nullable: true } },
    };
    expect((await withBody(old)).schema).toEqual({
      prefixItems: [{ type: 'string' }],
      items: false,
      properties: { a: { type: ['string', 'null'] } },
    });
  });

  test('that leads nowhere, nests without end or is none at all spoils nothing', async () => {
    const deep: Record<string, unknown> = {};
    let at = deep;
    for (let i = 0; i < 500; i++) {
      const next = {};
      at.not = next;
      at = next;
    }
    for (const schema of [{ $ref: 'https://elsewhere.example/x' }, { $ref: '#/nowhere' }, deep, 7, null, 'x', []]) {
      await withBody(schema);
    }
    expect((await withBody({ $ref: '#/nowhere', title: 'x' })).schemas['shop.postX.body']).toEqual({
      title: 'x',
      allOf: [{}],
    });
  });

  test('of any form whatever gives a sound document', { timeout: 60_000 }, async () => {
    const json = fc.jsonValue({ maxDepth: 2 });
    const words =
      'type properties items required $ref $id $anchor $defs allOf enum default not minimum nullable x-a example';
    const word = fc.constantFrom(
      ...words.split(' '),
      '__proto__',
      'constructor',
      'discriminator',
      'additionalProperties',
    );
    const value = fc.oneof(
      json,
      fc.constantFrom('#', '#/$defs/a', '#a', 'object', 'a/b', true),
      fc.constant(['string']),
    );
    const around = (inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
      fc.dictionary(word, fc.oneof(value, inner, fc.array(inner, { maxLength: 2 })), { maxKeys: 4 });
    const schema = around(around(around(value)));
    const said = fc.record({
      params: schema,
      query: schema,
      headers: schema,
      body: fc.dictionary(fc.constantFrom('application/json', 'x'), schema),
      responses: fc.dictionary(fc.constantFrom('200', 'default', '2XX', '1', 'x'), json),
      shared: fc.dictionary(fc.constantFrom('a', 'a/b'), schema),
      tags: json,
      summary: json,
      description: json,
      operationId: json,
    });
    const hostile = fc.tuple(
      fc.constantFrom('GET', 'post', 'X', 7),
      fc.constantFrom('/shop/:id', '/shop/*', '/', 'x', '/shop/:(', 7),
      fc.oneof(said, json),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { maxLength: 4 }), async (routes) => {
        const all = routes.map(
          ([method, url, operation]) => ({ method, url, operation }) as unknown as RouteDescription,
        );
        await expectSound(await compose(plugin('shop', ...all), plugin('bank', route('GET', '/bank/ok'))));
      }),
      { numRuns: 150 },
    );
  });

  test('of another process that cannot be written as JSON leaves out that plugin alone', async () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const document = await compose(
      plugin('shop', route('GET', '/shop/x', { query: circle })),
      plugin('bank', route('GET', '/bank/x')),
    );
    await expectSound(document);
    expect(Object.keys(document.paths)).toEqual(['/bank/x', '/health', '/plugins/status']);
  });
});

import { Readable } from 'node:stream';
import { type AnyOperation, BackplaneError, type HttpService, reply } from '@backplane/plugin-api';
import Type from 'typebox';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { useGateway } from './testing/use-gateway.ts';

const strict = useGateway({ refuseBrokenAnswers: true });

/** Serves what a plugin called `shop` registers, and gives a way to ask it. */
function shop(initialize: (http: HttpService) => void, fixture = strict) {
  fixture.current.publish([fixture.current.plugin({ name: 'shop', aliases: ['store'] }, initialize)]);
  return async (path: string, init: RequestInit & { readonly json?: unknown } = {}) => {
    const { json, ...rest } = init;
    const body =
      json === undefined ? {} : { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } };
    const response = await fetch(fixture.current.origin + path, { ...body, ...rest });
    const text = await response.text();
    const type = response.headers.get('content-type');
    return { status: response.status, type, text, body: type?.includes('json') ? JSON.parse(text) : undefined };
  };
}

const order = { id: { type: 'string', required: true }, count: { type: 'integer', required: true } } as const;

describe('a declared operation', () => {
  test('gives its handler what was sent, checked, coerced and with defaults, in four forms of schema', async () => {
    const ask = shop((http) => {
      http.operation({
        method: 'POST',
        path: '/orders/:id',
        params: Type.Object({ id: Type.Integer() }),
        query: { limit: { type: 'integer', default: 20 }, tags: { type: 'array', items: { type: 'string' } } },
        headers: { type: 'object', properties: { 'X-Tenant': { type: 'integer' } }, required: ['X-Tenant'] },
        body: z.object({ since: z.iso.date().transform((text) => new Date(text)) }),
        handler: ({ params, query, headers, body, request, call }) => ({
          params,
          query,
          headers,
          since: body.since.getUTCFullYear(),
          url: request.url,
          principal: call.principal.id,
        }),
      });
    });
    const headers = { 'content-type': 'application/json', 'x-tenant': '7' };
    const sent = { method: 'POST', json: { since: '2026-01-01' }, headers };
    expect((await ask('/store/orders/5?tags=a', sent)).body).toEqual({
      params: { id: 5 },
      query: { limit: 20, tags: ['a'] },
      headers: { 'X-Tenant': 7 },
      since: 2026,
      url: '/shop/orders/5?tags=a',
      principal: 'anonymous',
    });
  });

  test('lists everything that is wrong with a request, in all of its parts at once', async () => {
    const ask = shop((http) => {
      http.operation({
        method: 'PUT',
        path: '/orders/:id',
        params: { id: { type: 'integer' } },
        query: { limit: { type: 'integer', maximum: 100 } },
        headers: { 'x-tenant': { type: 'string', required: true } },
        body: { lines: { type: 'array', required: true, items: { type: 'object', properties: order } } },
        handler: () => ({}),
      });
    });
    const json = {
      lines: [
        { id: 'a', count: 'many' },
        { id: 'b', cuont: 1 },
      ],
    };
    const { status, type, body } = await ask('/shop/orders/x?limit=1000&offset=1', { method: 'PUT', json });
    expect({ status, type }).toEqual({ status: 400, type: 'application/problem+json' });
    expect(body).toMatchObject({ code: 'BP_HTTP_VALIDATION', instance: '/shop/orders/x' });
    expect(body.detail).toContain('and 5 more values are wrong');
    expect(body.errors).toEqual([
      {
        in: 'params',
        pointer: '/id',
        keyword: 'type',
        message: '"id" must be a whole number.',
        expected: 'a whole number',
      },
      expect.objectContaining({ in: 'querystring', pointer: '/offset', keyword: 'additionalProperties' }),
      expect.objectContaining({ in: 'querystring', pointer: '/limit', expected: 'a whole number at most 100' }),
      expect.objectContaining({ in: 'headers', pointer: '/x-tenant', message: '"x-tenant" is missing.' }),
      expect.objectContaining({ in: 'body', pointer: '/lines/0/count', expected: 'a whole number' }),
      expect.objectContaining({ in: 'body', pointer: '/lines/1/cuont', nearest: 'count' }),
    ]);
  });

  test('tells what a Standard Schema refuses in the same form', async () => {
    const ask = shop((http) => {
      http.operation({
        method: 'POST',
        path: '/',
        body: z.strictObject({ count: z.number().refine(async (n) => n > 0, 'must be above 0') }),
        handler: () => ({}),
      });
    });
    const refused = await ask('/shop', { method: 'POST', json: { count: 0, coutn: 1 } });
    expect(refused).toMatchObject({ status: 400, body: { code: 'BP_HTTP_VALIDATION' } });
    expect(refused.body.errors).toEqual([
      expect.objectContaining({ pointer: '/coutn', nearest: 'count' }),
      { in: 'body', pointer: '/count', keyword: 'custom', message: '"count": must be above 0' },
    ]);
    expect((await ask('/shop', { method: 'POST', json: { count: 2 } })).status).toBe(200);
  });

  test('refuses a large body in little time and few words', { timeout: 20_000 }, async () => {
    const either = {
      anyOf: [
        { type: 'object', required: ['id'] },
        { type: 'string', minLength: 3 },
      ],
    } as const;
    const ask = shop((http) => {
      http.operation({
        method: 'POST',
        path: '/json',
        body: { type: 'object', properties: { lines: { type: 'array', items: either } } },
        handler: () => ({}),
      });
      http.operation({
        method: 'POST',
        path: '/zod',
        body: z.strictObject({ count: z.number() }),
        handler: () => ({}),
      });
    });
    const began = performance.now();
    const lines = Array.from({ length: 150_000 }, () => 1);
    const large = await ask('/shop/json', { method: 'POST', json: { lines } });
    expect(large).toMatchObject({ status: 400, body: { errors: [{ in: 'body' }] } });
    const middling = await ask('/shop/json', { method: 'POST', json: { lines: lines.slice(0, 1900) } });
    expect(middling.body.errors).toHaveLength(100);
    const strange = Object.fromEntries(lines.slice(0, 50_000).map((_, index) => [`cuont${index}`, 1]));
    expect((await ask('/shop/zod', { method: 'POST', json: strange })).body.errors).toHaveLength(100);
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  test('refuses a body that is missing, no JSON, or of another type', async () => {
    const ask = shop((http) => {
      http.operation({ method: 'POST', path: '/orders', body: order, handler: ({ body }) => body });
    });
    const post = (init: object) => ask('/shop/orders', { method: 'POST', ...init });
    expect(await post({})).toMatchObject({ status: 400, body: { code: 'BP_HTTP_VALIDATION' } });
    const type = (name: string) => ({ headers: { 'content-type': name } });
    expect(await post({ body: '{', ...type('application/json') })).toMatchObject({
      body: { code: 'BP_HTTP_BAD_JSON' },
    });
    const text = await post({ body: 'x', ...type('text/plain') });
    expect(text).toMatchObject({ status: 415, body: { code: 'BP_HTTP_UNSUPPORTED_MEDIA_TYPE' } });
    expect((await post({ json: { id: 'a', count: 1 } })).body).toEqual({ id: 'a', count: 1 });
  });

  test('answers with its usual status, with a reply of its own, with bytes, a stream, or nothing', async () => {
    const ask = shop((http) => {
      http.operation({
        method: 'POST',
        path: '/orders',
        responses: { 201: { schema: order }, 409: { schema: { why: { type: 'string' } } } },
        handler: ({ query }) => (query.taken === undefined ? { id: 'a', count: 1 } : reply(409, { why: 'taken' })),
      });
      http.operation({
        method: 'GET',
        path: '/report',
        responses: { 200: { contentType: 'text/csv' } },
        handler: () => reply(200, Readable.from(['a,b\n', '1,2\n']), { 'x-rows': '1' }),
      });
      http.operation({ method: 'DELETE', path: '/orders/:id', responses: { 204: {} }, handler() {} });
      http.operation({ method: 'GET', path: '/any', handler: () => undefined });
      http.operation({
        method: 'GET',
        path: '/text',
        responses: { 200: { schema: { type: 'string' } as const, contentType: 'application/vnd.x+json' } },
        handler: async () => 'quoted',
      });
    });
    expect(await ask('/shop/orders', { method: 'POST' })).toMatchObject({ status: 201, body: { id: 'a', count: 1 } });
    expect(await ask('/shop/orders?taken', { method: 'POST' })).toMatchObject({ status: 409, body: { why: 'taken' } });
    expect(await ask('/shop/report')).toMatchObject({ status: 200, type: 'text/csv', text: 'a,b\n1,2\n' });
    expect(await ask('/shop/report', { method: 'HEAD' })).toMatchObject({ status: 200, type: 'text/csv', text: '' });
    expect(await ask('/shop/orders/7', { method: 'DELETE' })).toMatchObject({ status: 204, text: '' });
    expect((await ask('/shop/any')).status).toBe(204);
    expect(await ask('/shop/text')).toMatchObject({ type: 'application/vnd.x+json', text: '"quoted"' });
  });

  test('answers what its handler throws as a problem', async () => {
    const ask = shop((http) => {
      http.operation({
        method: 'GET',
        path: '/full',
        responses: { 200: {} },
        handler() {
          throw new BackplaneError({ code: 'BP_SHOP_FULL', status: 409, details: {} }, 'The shop is full.');
        },
      });
    });
    expect(await ask('/shop/full')).toMatchObject({ status: 409, body: { code: 'BP_SHOP_FULL' } });
  });

  test('stands beside routes of Fastify, whose hooks do not cover it', async () => {
    const ask = shop((http) => {
      http.routes((app) => {
        app.addHook('onRequest', async (_, reply) => reply.code(418).send('hook'));
        app.get('/route', async () => 'route');
      });
      http.operation({ method: 'GET', path: '/operation', handler: () => ({ done: true }) });
    });
    expect((await ask('/shop/route')).status).toBe(418);
    expect((await ask('/shop/operation')).body).toEqual({ done: true });
    expect(await ask('/shop/operation', { method: 'POST' })).toMatchObject({ status: 405 });
  });
});

describe('an answer that breaks its schema', () => {
  const lenient = useGateway();
  const broken = (http: HttpService) => {
    const declare = http.operation.bind(http) as (operation: AnyOperation) => void;
    const responses = { 200: { schema: order }, 404: {} };
    const answering = (path: string, answer: () => unknown, operationId?: string) =>
      declare({ method: 'GET', path, responses, handler: answer, ...(operationId !== undefined && { operationId }) });
    answering('/wrong', () => ({ id: 1, count: 'x' }), 'getWrong');
    answering('/nothing', () => undefined);
    answering('/undeclared', () => reply(202, { id: 'a', count: 1 }));
    answering('/body', () => reply(404, { surprise: true }));
    answering('/not-a-number', () => ({ id: 'a', count: Number.NaN }));
    answering('/date', () => ({ id: new Date(0), count: 1 }));
  };

  test('is a 500 that names the operation and what is wrong, where that is wished', async () => {
    const ask = shop(broken);
    const code = 'BP_OPERATION_ANSWER_BROKEN';
    const { status, body } = await ask('/shop/wrong');
    expect({ status, code: body.code }).toEqual({ status: 500, code });
    expect(body.detail).toEqual(
      expect.stringContaining(
        'getWrong of shop (200) is not as declared: "id" must be a string; "count" must be a whole number.',
      ),
    );
    for (const path of ['/shop/nothing', '/shop/undeclared', '/shop/body', '/shop/not-a-number']) {
      expect([path, await ask(path)]).toMatchObject([path, { status: 500, body: { code } }]);
    }
    expect((await ask('/shop/date')).body).toEqual({ id: '1970-01-01T00:00:00.000Z', count: 1 });
  });

  test('is sent and logged in production', async () => {
    const ask = shop(broken, lenient);
    expect(await ask('/shop/wrong')).toMatchObject({ status: 200, body: { id: 1, count: 'x' } });
    expect(await ask('/shop/undeclared')).toMatchObject({ status: 202, body: { id: 'a', count: 1 } });
    expect(await ask('/shop/nothing')).toMatchObject({ status: 200, text: '' });
    const logged = lenient.current.logger.lines.filter(({ fields }) => fields?.code === 'BP_OPERATION_ANSWER_BROKEN');
    expect(logged.map(({ level, message }) => `${level} ${message}`)).toEqual([
      expect.stringContaining('error The answer of getWrong of shop (200)'),
      expect.stringContaining('it declares no 202'),
      expect.stringContaining('GET /nothing'),
    ]);
  });
});

describe('what cannot be declared', () => {
  const base = { method: 'GET', path: '/x', handler: () => ({}) };
  test.each([
    [{ ...base, method: 'FETCH' }, 'its method must be one of'],
    [{ ...base, path: 'x' }, 'must begin with "/"'],
    [{ ...base, path: '/a/:b?' }, 'is neither a plain segment'],
    [{ ...base, path: '/a//b' }, 'is neither a plain segment'],
    [{ ...base, path: '/*/b' }, 'is neither a plain segment'],
    [{ ...base, path: '/:a/:a' }, 'two parameters called "a"'],
    [{ ...base, handler: 'x' }, 'has no handler'],
    [{ ...base, sumary: 'x' }, 'did you mean "summary"'],
    [{ ...base, operationId: 'get order' }, 'operationId'],
    [{ ...base, body: {} }, 'a GET has no body'],
    [{ ...base, path: '/:id', params: { name: { type: 'string', required: true } } }, 'ask for "name"'],
    [{ ...base, path: '/:id', params: { name: { type: 'string' } } }, 'have no "id"'],
    [{ ...base, query: 7 }, 'the schema of its query is refused'],
    [{ ...base, responses: {} }, 'its responses are empty'],
    [{ ...base, responses: { 999: {} } }, '"999" is not the status'],
    [{ ...base, responses: { 200: { scheme: {} } } }, 'did you mean "schema"'],
  ])('%j is refused with the reason', (definition, reason) => {
    expect(() => shop((http) => http.operation(definition as never))).toThrow(
      expect.objectContaining({ code: 'BP_OPERATION_INVALID', message: expect.stringContaining(reason) }),
    );
  });

  test('two operations with one method and path, or one id', () => {
    const twice = (a: object, b: object) => () =>
      shop((http) => {
        http.operation({ ...base, ...a } as never);
        http.operation({ ...base, ...b } as never);
      });
    expect(twice({}, {})).toThrow('declared twice');
    expect(twice({ operationId: 'a' }, { path: '/y', operationId: 'a' })).toThrow('called "a", too');
    expect(twice({}, { method: 'POST' })).not.toThrow();
  });

  test('a schema that cannot be compiled fails the app before it serves', async () => {
    const instance = strict.current.plugin({ name: 'shop' }, (http) =>
      http.operation({
        method: 'GET',
        path: '/x',
        query: { type: 'object', properties: { a: { $ref: '#/$defs/none' } } },
        handler: () => ({}),
      }),
    );
    await expect(strict.current.gateway.part.warm?.(instance)).rejects.toThrow(/schema of its query is refused/);
  });
});

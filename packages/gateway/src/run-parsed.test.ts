import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { BackplaneError, type HookMiddleware, type ParsedRequest } from '@backplane/plugin-api';
import { describe, expect, test } from 'vitest';
import type { FakeInstance } from './testing/fake-host.ts';
import { useOnion } from './testing/use-onion.ts';

const { fixture, events, left } = useOnion();

let order = 0;
const hooks = (name: string, definition: HookMiddleware): FakeInstance =>
  fixture.current.plugin({ name, phase: 'middleware', priority: order++ }, (http) =>
    http.middleware({ name, ...definition }),
  );

/** Writes down how a request passes it. */
const tracer = (name: string, onParsed: HookMiddleware['onParsed'] = () => {}): FakeInstance =>
  hooks(name, {
    onRequest: () => void events().push(`${name} request`),
    onParsed(request, parsed) {
      events().push(`${name} parsed`);
      return onParsed?.(request, parsed);
    },
    onResponse: (_, response) => void events().push(`${name} response ${response.status}`),
  });

const shop = () =>
  fixture.current.plugin({ name: 'shop' }, (http) => {
    http.routes((app) => {
      app.addHook(
        'preValidation',
        async ({ body }) => void events().push(`author ${JSON.stringify(body) ?? 'nothing'}`),
      );
      const count = { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] };
      app.post('/route/:id', { schema: { body: count } }, async ({ params, query, body }) => ({ params, query, body }));
      app.get('/get', async () => 'got');
      app.addContentTypeParser('application/octet-stream', (_, stream, done) => done(null, stream));
      app.post('/stream', async ({ body }) => text(body as Readable));
      app.get('/slow', async () => void events().push('slow handled'));
    });
    http.operation({
      method: 'POST',
      path: '/operation/:id',
      params: { id: { type: 'integer' } },
      body: { count: { type: 'integer', required: true } },
      handler: ({ params, query, body }) => ({ params, query, body }),
    });
  });

async function post(path: string, body: unknown, type = 'application/json') {
  const response = await fetch(fixture.current.origin + path, {
    method: 'POST',
    headers: { 'content-type': type },
    body: type === 'application/json' && typeof body !== 'string' ? JSON.stringify(body) : (body as string),
  });
  const answer = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  return { status: response.status, body: json ? JSON.parse(answer) : answer };
}

describe('onParsed', () => {
  test('is called outermost first, between parsing and the hooks of the author', async () => {
    let seen: ParsedRequest | undefined;
    const outer = tracer('outer', (request, parsed) => {
      seen = {
        ...parsed,
        plugin: parsed.plugin,
        route: parsed.route,
        params: parsed.params,
        query: parsed.query,
        body: parsed.body,
      };
      expect(request.url).toBe('/shop/route/7?a=1');
    });
    fixture.current.publish([tracer('inner', async () => {}), outer, shop()]);
    expect((await post('/shop/route/7?a=1', { count: 1 })).status).toBe(200);
    await left();
    expect(seen).toEqual({
      plugin: 'shop',
      route: '/shop/route/:id',
      params: { id: '7' },
      query: { a: '1' },
      body: { count: 1 },
    });
    expect(events()).toEqual([
      ...['outer request', 'inner request', 'outer parsed', 'inner parsed', 'author {"count":1}'],
      ...['inner response 200', 'outer response 200', 'left'],
    ]);
  });

  test.each(['route', 'operation'])('changes what the schema of a %s validates and its handler gets', async (kind) => {
    const doubling = hooks('doubling', {
      onParsed(_, parsed) {
        const { count } = parsed.body as { count: unknown };
        parsed.body = { count: typeof count === 'number' ? count * 2 : count };
        parsed.params.id = '8';
        parsed.query = { ...parsed.query, added: 'yes' };
      },
    });
    fixture.current.publish([shop(), doubling]);
    const id = kind === 'route' ? '8' : 8;
    expect(await post(`/shop/${kind}/7?a=1`, { count: 2 })).toEqual({
      status: 200,
      body: { params: { id }, query: { a: '1', added: 'yes' }, body: { count: 4 } },
    });
    expect(await post(`/shop/${kind}/7`, { count: 'x' })).toMatchObject({
      status: 400,
      body: { code: 'BP_HTTP_VALIDATION' },
    });
  });

  test.each([
    ['at once', (parsed: HookMiddleware['onParsed']) => parsed],
    [
      'later',
      (parsed: HookMiddleware['onParsed']): HookMiddleware['onParsed'] =>
        async (...all) =>
          parsed?.(...all),
    ],
  ])('answers early (%s), through all middleware, and the route is not asked', async (_, form) => {
    const outer = tracer('outer');
    const early = tracer(
      'early',
      form((request) => request.respond({ status: 402, body: 'pay first' })),
    );
    fixture.current.publish([shop(), outer, early, tracer('inner')]);
    expect(await post('/shop/operation/7', { count: 1 })).toEqual({ status: 402, body: 'pay first' });
    await left();
    expect(events()).toEqual([
      ...['outer request', 'early request', 'inner request', 'outer parsed', 'early parsed'],
      ...['inner response 402', 'early response 402', 'outer response 402', 'left'],
    ]);
  });

  test('answers what it throws: a refusal of its own, or its failure', async () => {
    const thrown: { error: Error } = { error: new Error('not ready') };
    const throwing = tracer('throwing', () => {
      throw thrown.error;
    });
    fixture.current.publish([shop(), throwing]);
    const failed = { status: 500, body: { code: 'BP_MIDDLEWARE_FAILED', detail: expect.stringContaining('throwing') } };
    expect(await post('/shop/route/7', { count: 1 })).toMatchObject(failed);
    thrown.error = new BackplaneError({ code: 'BP_TEST_REFUSED', status: 409, details: {} }, 'No.');
    expect(await post('/shop/route/7', { count: 1 })).toMatchObject({ status: 409, body: { code: 'BP_TEST_REFUSED' } });
    expect(events()).not.toContain('author {"count":1}');
  });

  test('is blamed for an answer that is none', async () => {
    fixture.current.publish([shop(), hooks('odd', { onParsed: (() => ({ status: 200 })) as never })]);
    expect(await post('/shop/route/7', { count: 1 })).toMatchObject({
      status: 500,
      body: { code: 'BP_MIDDLEWARE_NO_ANSWER' },
    });
  });

  test('sees a stream where the route takes one, and may put another in its place', async () => {
    const upper = hooks('upper', {
      onParsed(_, parsed) {
        if (!(parsed.body instanceof Readable)) return;
        parsed.body = parsed.body.setEncoding('utf8').map((chunk: string) => chunk.toUpperCase());
      },
    });
    fixture.current.publish([shop(), upper]);
    expect(await post('/shop/stream', 'abc', 'application/octet-stream')).toEqual({ status: 200, body: 'ABC' });
  });

  test('answers while a body is still arriving, and the connection survives', async () => {
    fixture.current.publish([shop(), hooks('early', { onParsed: (request) => request.respond({ status: 413 }) })]);
    const large = 'x'.repeat(3_000_000);
    expect((await post('/shop/stream', large, 'application/octet-stream')).status).toBe(413);
    expect((await post('/shop/stream', large, 'application/octet-stream')).status).toBe(413);
  });

  test('is not called where nothing is parsed, or nobody will answer', async () => {
    fixture.current.publish([shop(), tracer('tracer')]);
    const get = (path: string) => fetch(fixture.current.origin + path).then(({ status }) => status);
    expect(await get('/shop/nothing')).toBe(404);
    expect(await get('/nowhere')).toBe(404);
    expect((await post('/shop/route/7', '{')).status).toBe(400);
    expect((await post('/shop/route/7', '<x/>', 'text/xml')).status).toBe(415);
    expect(events().filter((event) => event.includes('parsed'))).toEqual([]);
    expect(await get('/shop/get')).toBe(200);
    expect(events().filter((event) => event.includes('parsed'))).toEqual(['tracer parsed']);
  });

  test('obeys its condition', async () => {
    const posts = hooks('posts', {
      when: { paths: ['/shop/route/**'] },
      onParsed: (request) => request.respond({ status: 451 }),
    });
    fixture.current.publish([shop(), posts]);
    expect((await post('/shop/%72oute/7', { count: 1 })).status).toBe(451);
    expect((await post('/shop/operation/7', { count: 1 })).status).toBe(200);
  });

  test('lets go of a request whose client has gone', async () => {
    const waiting = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const slow = hooks('slow', {
      async onParsed() {
        arrived.resolve();
        await waiting.promise;
      },
    });
    fixture.current.publish([shop(), slow]);
    const request = httpRequest(`${fixture.current.origin}/shop/slow`).on('error', () => {});
    request.end();
    await arrived.promise;
    request.destroy();
    await left();
    waiting.resolve();
    await left();
    expect(events()).toEqual(['left']);
  });
});

describe('a plugin in a process of its own', () => {
  const forwarded = () =>
    fixture.current.plugin({ name: 'far' }, (http) => http.forward({ socketPath: '/nowhere', upgrades: false }));
  const warnings = () =>
    fixture.current.logger.lines.filter(({ level, message }) => level === 'warn' && message.includes('onParsed'));

  test('is passed over by onParsed, which is said once in the log, and among the handlers', () => {
    const { gateway } = fixture.current;
    const parsing = hooks('parsing', { onParsed: () => {} });
    const elsewhere = hooks('elsewhere', { when: { plugins: ['shop'] }, onParsed: () => {} });
    const looking = hooks('looking', { onRequest: () => {} });
    const all = [forwarded(), shop(), parsing, elsewhere, looking];
    fixture.current.publish(all);
    const table = fixture.current.host.publish(gateway.part, all);
    expect(warnings().map(({ message }) => message)).toEqual([
      'onParsed of middleware "parsing" is not called for requests to far, which runs in a process of its own.',
    ]);
    const handlers = gateway.part.handlers?.(table) ?? [];
    expect(handlers.map(({ point, name, passesOver }) => [point, name, passesOver])).toEqual([
      ['middleware.pre_request', 'looking', undefined],
      ['middleware.parsed', 'parsing', ['far']],
      ['middleware.parsed', 'elsewhere', undefined],
    ]);
  });
});

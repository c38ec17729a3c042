import { Readable } from 'node:stream';
import { isBackplaneError } from '@backplane/base';
import type { FastifyInstance } from 'fastify';
import { describe, expect, test, vi } from 'vitest';
import type { FakeInstance } from './testing/fake-host.ts';
import { useOnion } from './testing/use-onion.ts';

const { fixture, get, events, around, tracer, served, left } = useOnion();

describe('the order of leaving', () => {
  const all = (routes: (app: FastifyInstance) => void, ...within: FakeInstance[]) =>
    fixture.current.publish([tracer('outer'), tracer('inner'), ...within, served(routes)]);

  test('is handler, inner, outer, call for a normal answer', async () => {
    all((app) => {
      app.get('/', async () => {
        events().push('handler');
        return 'hello';
      });
    });
    expect(await (await get('/served')).text()).toBe('hello');
    await left();
    expect(events()).toEqual(['outer in', 'inner in', 'handler', 'inner out 200', 'outer out 200', 'left']);
  });

  test('is the same for a route that writes to the raw response: next() resolves as committed when the head leaves', async () => {
    const finish = Promise.withResolvers<void>();
    all((app) => {
      app.get('/', (_, reply) => {
        reply.hijack();
        reply.raw.writeHead(201, { 'content-type': 'text/plain' });
        reply.raw.write('first ');
        events().push('head written');
        finish.promise.then(() => reply.raw.end('last'));
      });
    });
    const answer = await get('/served');
    expect(answer.status).toBe(201);
    await vi.waitFor(() => expect(events()).toContain('outer out committed'));
    expect(events()).not.toContain('left');
    finish.resolve();
    expect(await answer.text()).toBe('first last');
    await left();
    expect(events()).toEqual([
      'outer in',
      'inner in',
      'head written',
      'inner out committed',
      'outer out committed',
      'left',
    ]);
  });

  test.each([
    ['an unknown plugin', '/nobody', 404, 'BP_HTTP_NOT_FOUND', {}],
    ['an unknown route', '/served/none', 404, 'BP_HTTP_NOT_FOUND', {}],
    ['a missing method', '/served/sum', 405, 'BP_HTTP_METHOD_NOT_ALLOWED', {}],
    ['a request that is not valid', '/served/sum', 400, 'BP_HTTP_VALIDATION', { method: 'POST', json: { a: 'x' } }],
    [
      'a body that is too large',
      '/served/sum',
      413,
      'BP_HTTP_BODY_TOO_LARGE',
      { method: 'POST', json: 'x'.repeat(2 ** 20) },
    ],
    ['a bad encoding further on', '/served/sum/%zz', 400, 'BP_HTTP_BAD_URL', {}],
    ['a handler that fails', '/served/fail', 500, 'BP_PLUGIN_ERROR', {}],
  ])('is inner, outer, call for %s', async (_, path, status, code, init: { method?: string; json?: unknown }) => {
    all((app) => {
      const body = { type: 'object', required: ['b'], properties: { a: { type: 'number' } } };
      app.post('/sum', { schema: { body } }, async () => 'sum');
      app.get('/fail', async () => {
        throw new Error('secret');
      });
    });
    const { method = 'GET', json } = init;
    const headers = { 'content-type': 'application/json' };
    const answer = await get(path, json === undefined ? { method } : { method, headers, body: JSON.stringify(json) });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code, status, instance: path });
    await left();
    expect(events()).toEqual(['outer in', 'inner in', `inner out ${status}`, `outer out ${status}`, 'left']);
  });

  test('is as usual when a streamed body breaks after its first byte: the connection is cut, the call counted once', async () => {
    all((app) => {
      app.get('/', (_, reply) => {
        const body = new Readable({ read() {} });
        body.push('first');
        setImmediate(() => body.destroy(new Error('broken')));
        return reply.send(body);
      });
    });
    const answer = await get('/served');
    await expect(answer.text()).rejects.toThrow();
    await left();
    expect(events()).toEqual(['outer in', 'inner in', 'inner out 200', 'outer out 200', 'left']);
  });

  test('is the middleware first when the client goes away before the answer: next() rejects with a code', async () => {
    let aborted: unknown;
    const started = Promise.withResolvers<void>();
    all((app) => {
      app.get('/', (request) => {
        request.call.signal.addEventListener('abort', () => {
          aborted = request.call.signal.reason;
        });
        started.resolve();
        return new Promise(() => {});
      });
    });
    const client = new AbortController();
    const answer = get('/served', { signal: client.signal });
    await started.promise;
    client.abort();
    await expect(answer).rejects.toThrow();
    await left();
    const gone = 'BP_HTTP_CLIENT_GONE';
    expect(events()).toEqual(['outer in', 'inner in', `inner threw ${gone}`, `outer threw ${gone}`, 'left']);
    expect(isBackplaneError(aborted, gone)).toBe(true);
  });

  test('leaves out what is further in when middleware answers early', async () => {
    const outer = tracer('outer');
    const early = around('early', async (request) => request.respond({ status: 401, body: 'who are you?' }));
    fixture.current.publish([
      outer,
      early,
      tracer('inner'),
      served((app) => {
        app.get('/', async () => 'never');
      }),
    ]);
    const answer = await get('/served');
    expect(answer.status).toBe(401);
    expect(await answer.text()).toBe('who are you?');
    await left();
    expect(events()).toEqual(['outer in', 'outer out 401', 'left']);
  });
});

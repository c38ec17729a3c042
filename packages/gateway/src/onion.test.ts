import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { createGzip, gunzipSync } from 'node:zlib';
import type { AroundMiddleware, GatewayResponse } from '@backplane/plugin-api';
import { describe, expect, test } from 'vitest';
import { useOnion } from './testing/use-onion.ts';

const { fixture, get, events, around, tracer, served, left } = useOnion();

describe('middleware', () => {
  const hello = () =>
    served((app) => {
      app.get('/', async () => ({ hello: 'world' }));
    });

  test('changes status, headers and body after next()', async () => {
    const change = around('change', async (_, next) => {
      const response = await next();
      expect(response.headers.get('Content-Type')).toContain('application/json');
      expect(response.headers.has('content-length')).toBe(false);
      response.status = 202;
      response.headers.set('x-plugin', 'change');
      response.headers.set('set-cookie', ['a=1', 'b=2']);
      response.headers.set('Set-Cookie', ['c=3', 'd=4']);
      response.headers.delete('content-type');
      response.body = Buffer.from(`${response.body}!`);
      return response;
    });
    fixture.current.publish([change, hello()]);
    const answer = await get('/served');
    expect(answer.status).toBe(202);
    expect(answer.headers.get('x-plugin')).toBe('change');
    expect(answer.headers.getSetCookie()).toEqual(['c=3', 'd=4']);
    expect(answer.headers.get('content-type')).toBeNull();
    expect(await answer.text()).toBe('{"hello":"world"}!');
  });

  test('wraps a streamed body, for GET and HEAD', async () => {
    const zip = around('zip', async (_, next) => {
      const response = await next();
      response.body = (response.body as Readable).pipe(createGzip());
      response.headers.set('content-encoding', 'gzip');
      return response;
    });
    const stream = served((app) => {
      app.get('/', (_, reply) => reply.type('text/plain').send(Readable.from(['a', 'b', 'c'])));
    });
    fixture.current.publish([zip, stream]);
    expect(await (await get('/served')).text()).toBe('abc');
    const head = await get('/served', { method: 'HEAD' });
    expect(head.headers.get('content-encoding')).toBe('gzip');
    expect(await head.text()).toBe('');
  });

  test('sees the answer after every onSend hook of the plugin, of the app and of the route', async () => {
    let seen: unknown;
    const watch = around('watch', async (_, next) => {
      const response = await next();
      seen = response.body;
      return response;
    });
    const hooked = served((app) => {
      app.addHook('onSend', async (_, __, payload) => `${payload} app`);
      app.get('/', { onSend: async (_, __, payload) => `${payload} route` }, async () => 'handler');
      app.register(async (child) => {
        child.addHook('onSend', async (_, __, payload) => `${payload} child`);
        child.get('/child', async () => 'handler');
      });
    });
    fixture.current.publish([watch, hooked]);
    expect(await (await get('/served')).text()).toBe('handler app route');
    expect(seen).toBe('handler app route');
    expect(await (await get('/served/child')).text()).toBe('handler app child');
    expect(seen).toBe('handler app child');
  });

  test('hands headers on to what is further in', async () => {
    const set = around('set', async (request, next) => {
      request.headers['x-user'] = 'ada';
      return next();
    });
    const echo = served((app) => {
      app.get('/', async (request) => request.headers['x-user']);
    });
    fixture.current.publish([set, echo]);
    expect(await (await get('/served')).text()).toBe('ada');
  });

  test('replaces an answer by its own, and the stream of the other is let go', async () => {
    const body = new Readable({ read() {} });
    const replace = around('replace', async (request, next) => {
      await next();
      return request.respond({ status: 418, headers: { 'x-own': '1' }, body: Readable.from(['own']) });
    });
    const stream = served((app) => {
      app.get('/', (_, reply) => reply.send(body));
    });
    fixture.current.publish([replace, stream]);
    const answer = await get('/served');
    expect(answer.status).toBe(418);
    expect(answer.headers.get('x-own')).toBe('1');
    expect(await answer.text()).toBe('own');
    expect(body.destroyed).toBe(true);
  });

  test('answers while the handler is still at it: a late answer of the handler is let go', async () => {
    const late = Promise.withResolvers<string>();
    const race = around('race', async (request, next) =>
      Promise.race([next(), turn().then(() => request.respond({ status: 504 }))]),
    );
    const slow = served((app) => {
      app.get('/', async (_, reply) => {
        const text = await late.promise;
        // Raw writes to an answer that has been sent do no harm either.
        reply.raw.write('more');
        return text;
      });
    });
    fixture.current.publish([race, slow]);
    expect((await get('/served')).status).toBe(504);
    late.resolve('late');
    await left();
  });

  test.each([
    ['before next()', async () => Promise.reject(new Error('no luck'))],
    [
      'after next()',
      async (_: unknown, next: () => Promise<GatewayResponse>) => {
        await next();
        throw new Error('no luck');
      },
    ],
    [
      'without a promise',
      () => {
        throw new Error('no luck');
      },
    ],
  ] as [string, AroundMiddleware['handle']][])(
    'that throws %s is a 500 that names it, which middleware further out sees as an ordinary answer',
    async (_, handle) => {
      const outer = tracer('outer');
      fixture.current.publish([outer, around('faulty', handle), hello()]);
      const answer = await get('/served');
      expect(answer.status).toBe(500);
      expect(await answer.json()).toMatchObject({
        code: 'BP_MIDDLEWARE_FAILED',
        detail: expect.stringContaining('of faulty failed: no luck'),
      });
      await left();
      expect(events()).toEqual(['outer in', 'outer out 500', 'left']);
      expect(fixture.current.logger.lines).toMatchObject([{ level: 'error', fields: { plugin: 'faulty' } }]);
      expect((await get('/served')).status).toBe(500);
    },
  );

  test('that calls next() twice gets a coded error', async () => {
    const twice = around('twice', async (_, next) => {
      await next();
      return next();
    });
    fixture.current.publish([twice, hello()]);
    const answer = await get('/served');
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ code: 'BP_MIDDLEWARE_NEXT_TWICE' });
  });

  test('that returns no answer is named, also where middleware further out stumbles over it', async () => {
    const reader = around('reader', async (_, next) => {
      const response = await next();
      response.headers.set('x-reader', '1');
      return response;
    });
    const passer = around('passer', async (_, next) => next());
    const forgetful = around('forgetful', (async (_: unknown, next: () => Promise<unknown>) => {
      await next();
    }) as unknown as AroundMiddleware['handle']);
    for (const outer of [reader, passer]) {
      fixture.current.publish([outer, forgetful, hello()]);
      const answer = await get('/served');
      expect(answer.status).toBe(500);
      expect(await answer.json()).toMatchObject({
        code: 'BP_MIDDLEWARE_NO_ANSWER',
        detail: expect.stringContaining('of forgetful'),
      });
    }
  });

  test('that refuses with a coded error answers with its status', async () => {
    const { BackplaneError } = await import('@backplane/base');
    const guard = around('guard', async () => {
      throw new BackplaneError({ code: 'BP_AUTH_NEEDED', status: 401, details: {} }, 'Log in first.');
    });
    fixture.current.publish([guard, hello()]);
    const answer = await get('/served');
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ code: 'BP_AUTH_NEEDED', detail: 'Log in first.' });
  });

  test('that sets what Node refuses to send is a 500, not a reset', async () => {
    const broken = around('broken', async (_, next) => {
      const response = await next();
      response.headers.set('x-broken', 'line\nbreak');
      return response;
    });
    fixture.current.publish([broken, hello()]);
    const answer = await get('/served');
    expect(answer.status).toBe(500);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  test('stays out of the way when the client goes while it no longer waits for next()', async () => {
    const started = Promise.withResolvers<void>();
    const hasty = around('hasty', async (request, next) => {
      void next();
      await once(request.call.signal, 'abort');
      return request.respond({ status: 200 });
    });
    const slow = served((app) => {
      app.get('/', () => {
        started.resolve();
        return new Promise(() => {});
      });
    });
    fixture.current.publish([hasty, slow]);
    const { port } = new URL(fixture.current.origin);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET /served HTTP/1.1\r\nhost: a\r\n\r\n');
    await started.promise;
    socket.destroy();
    await left();
    expect(events()).toEqual(['left']);
  });

  test('is ordered by phase, priority, plugin name and registration', async () => {
    const note = (name: string): AroundMiddleware => ({
      handle: (_, next) => {
        events().push(name);
        return next();
      },
    });
    const { plugin } = fixture.current;
    const instances = [
      plugin({ name: 'late', phase: 'business', priority: 1 }, (http) => http.middleware(note('business'))),
      plugin({ name: 'zeta', phase: 'security' }, (http) => {
        http.middleware(note('zeta 1'));
        http.middleware(note('zeta 2'));
        http.middleware({ ...note('zeta first'), priority: 5 });
      }),
      plugin({ name: 'alpha', phase: 'security' }, (http) => http.middleware(note('alpha'))),
      plugin({ name: 'base', phase: 'infrastructure', priority: 999 }, (http) =>
        http.middleware(note('infrastructure')),
      ),
    ];
    fixture.current.publish([...instances, hello()]);
    await (await get('/served')).text();
    await left();
    expect(events()).toEqual(['infrastructure', 'zeta first', 'alpha', 'zeta 1', 'zeta 2', 'business', 'left']);
  });

  test('reads a compressed answer back in full', async () => {
    const zip = around('zip', async (_, next) => {
      const response = await next();
      const { gzipSync } = await import('node:zlib');
      response.body = gzipSync(response.body as string);
      return response;
    });
    fixture.current.publish([zip, hello()]);
    const bytes = Buffer.from(await (await get('/served')).arrayBuffer());
    expect(gunzipSync(bytes).toString()).toBe('{"hello":"world"}');
  });
});

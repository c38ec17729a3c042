import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { BackplaneError } from '@backplane/base';
import type { Unavailable } from '@backplane/ports';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createGateway } from './gateway.ts';
import { FakeHost, fakeInstance, recordingLogger } from './testing/fake-host.ts';
import { startGateway } from './testing/gateway-fixture.ts';
import { useGateway } from './testing/use-gateway.ts';

const system = vi.fn<(request: unknown, response: { end(text: string): void }) => void>((_, response) =>
  response.end('system'),
);
const fixture = useGateway({ system: [{ segments: ['health', 'plugins'], handle: (q, s) => system(q, s) }] });
afterEach(() => system.mockClear());

const get = (path: string, init?: RequestInit) => fetch(fixture.current.origin + path, init);
const served = (routes: (app: FastifyInstance) => void, name = 'served') =>
  fixture.current.plugin({ name }, (http) => http.routes(routes));
const absent = (more: Partial<Unavailable> = {}): Unavailable => ({
  name: 'absent',
  aliases: ['gone'],
  phase: 'failed',
  reason: 'start() threw: no database',
  retryAt: undefined,
  back: undefined,
  ...more,
});

/** Sends bytes as they are and gives what comes back until the server closes. */
async function raw(request: string, origin = fixture.current.origin): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  socket.write(request);
  return text(socket);
}

describe('the mount table', () => {
  test('serves the routes of a plugin below its name, in the generation that is current', async () => {
    const hello = served((app) => {
      app.get('/world', async (request) => ({ generation: request.call.generation }));
    });
    fixture.current.publish([hello]);
    expect(await (await get('/served/world')).json()).toEqual({ generation: 2 });
    fixture.current.publish([hello]);
    expect(await (await get('/served/world')).json()).toEqual({ generation: 3 });
  });

  test('serves a plugin by its alias, by another spelling and with a trailing slash, without redirect', async () => {
    const pki = fixture.current.plugin({ name: 'trust-pki', aliases: ['marty'] }, (http) =>
      http.routes((app) => {
        app.get('/keys/:id', async ({ url, originalUrl, params }) => ({ url, sent: originalUrl, params }));
        app.get('/', async () => 'root');
      }),
    );
    fixture.current.publish([pki]);
    for (const name of ['trust-pki', 'marty', 'trust_pki', 'Trust-PKI', 'trust%2Dpki']) {
      expect(await (await get(`/${name}/keys/7/?a=1`)).json()).toEqual({
        url: '/trust-pki/keys/7/?a=1',
        sent: `/${name}/keys/7/?a=1`,
        params: { id: '7' },
      });
      expect(await (await get(`/${name}`)).text()).toBe('root');
      expect(await (await get(`/${name}/`)).text()).toBe('root');
    }
  });

  test('serves a target that a proxy client sends whole', async () => {
    fixture.current.publish([served((app) => void app.get('/', async () => 'whole'))]);
    const answer = await raw('GET http://example.org/served HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(answer).toContain('HTTP/1.1 200');
    expect(answer).toContain('whole');
  });

  test('has no mount for a plugin that serves nothing', async () => {
    fixture.current.publish([fixture.current.plugin({ name: 'silent' }, () => {})]);
    const answer = await get('/silent/x?y');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'BP_HTTP_NOT_FOUND', instance: '/silent/x' });
  });

  test('refuses a broken encoding', async () => {
    const answer = await get('/%zz');
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'BP_HTTP_BAD_URL' });
  });

  test('lets a pages-of-the-host request past middleware that fails, and before a plugin of that name', async () => {
    const broken = fixture.current.plugin({ name: 'health' }, (http) => {
      http.middleware({ handle: () => Promise.reject(new Error('broken')) });
      http.routes(() => {});
    });
    fixture.current.publish([broken]);
    expect(await (await get('/health')).text()).toBe('system');
    expect(fixture.current.host.entered).toBe(0);
    expect((await get('/other')).status).toBe(500);
  });

  test('answers a page of the host that fails as a problem', async () => {
    system.mockImplementationOnce(() => {
      throw new Error('secret');
    });
    const answer = await get('/plugins/status');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
    expect(fixture.current.logger.lines).toMatchObject([{ level: 'error' }]);
  });

  test('takes no registration once an instance is part of a generation', () => {
    const { gateway, host } = fixture.current;
    const instance = fakeInstance({ name: 'late' });
    const http = gateway.facet(instance);
    host.publish(gateway.part, [instance]);
    expect(() => http.routes(() => {})).toThrow(expect.objectContaining({ code: 'BP_HTTP_REGISTERED_LATE' }));
  });
});

describe('a plugin that does not run', () => {
  test('is a 503 with the reason, by name and alias', async () => {
    fixture.current.publish([], [absent()]);
    for (const path of ['/absent/x', '/gone/x']) {
      const answer = await get(path);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('10');
      expect(await answer.json()).toMatchObject({
        code: 'BP_PLUGIN_UNAVAILABLE',
        detail: expect.stringContaining('absent is failed: start() threw: no database.'),
      });
    }
  });

  test('says when it is tried again', async () => {
    await fixture.current.close();
    const own = await startGateway({ clock: { now: () => 1000, monotonic: () => 0, after: () => ({ cancel() {} }) } });
    own.publish([], [absent({ retryAt: 31_400 })]);
    expect((await fetch(`${own.origin}/absent`)).headers.get('retry-after')).toBe('31');
    await own.close();
  });

  test('has its requests wait while it is replaced, and serves them in the generation that brings it back', async () => {
    const back = Promise.withResolvers<void>();
    fixture.current.publish([], [absent({ phase: 'replacing', back: back.promise })]);
    const answer = get('/gone/', { method: 'POST', body: 'kept' });
    await vi.waitFor(() => expect(fixture.current.gateway.inFlight).toBe(1));
    const instance = fixture.current.plugin({ name: 'absent', aliases: ['gone'] }, (http) =>
      http.routes((app) => {
        app.post('/', async (request) => `${request.body} ${request.call.generation}`);
      }),
    );
    fixture.current.publish([instance]);
    back.resolve();
    expect(await (await answer).text()).toBe('kept 3');
  });

  test('is a 503 where it has not come back when the wait is over', async () => {
    fixture.current.publish([], [absent({ back: Promise.resolve() })]);
    expect((await get('/absent')).status).toBe(503);
  });

  test('forgets the request of a client that has gone while it waited', async () => {
    const back = Promise.withResolvers<void>();
    fixture.current.publish([], [absent({ back: back.promise })]);
    const client = new AbortController();
    const answer = get('/absent', { signal: client.signal });
    await vi.waitFor(() => expect(fixture.current.gateway.inFlight).toBe(1));
    client.abort();
    await expect(answer).rejects.toThrow();
    await vi.waitFor(() => expect(fixture.current.gateway.inFlight).toBe(0));
    back.resolve();
    await turn();
    expect(fixture.current.host.entered).toBe(0);
  });
});

describe('errors', () => {
  const problems = (app: FastifyInstance) => {
    app.get('/coded', async () => {
      throw new BackplaneError({ code: 'BP_KEY_UNKNOWN', status: 404, details: {} }, 'There is no such key.');
    });
    app.get('/teapot', async () => {
      throw Object.assign(new Error('I am a teapot'), { statusCode: 418 });
    });
    app.get('/secret', async (_, reply) => {
      reply.header('content-encoding', 'br').header('etag', '"1"').header('x-kept', 'yes');
      throw new Error('secret');
    });
    app.post('/json', async () => 'ok');
    app.get('/keys/:id', async () => 'key');
    app.put('/keys/:id', async () => 'key');
  };

  test('with a code of ours answer with their status and message', async () => {
    fixture.current.publish([served(problems)]);
    const answer = await get('/served/coded?x');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toEqual({
      type: 'urn:backplane:problem:BP_KEY_UNKNOWN',
      title: 'Not Found',
      status: 404,
      detail: 'There is no such key.',
      code: 'BP_KEY_UNKNOWN',
      instance: '/served/coded',
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  test('that an author gives a status below 500 speak to the client', async () => {
    fixture.current.publish([served(problems)]);
    const answer = await get('/served/teapot');
    expect(answer.status).toBe(418);
    expect(await answer.json()).toMatchObject({ code: 'BP_PLUGIN_REFUSED', detail: 'I am a teapot' });
  });

  test('that nobody foresaw are logged and not told, and what described the body is taken back', async () => {
    fixture.current.publish([served(problems)]);
    const answer = await get('/served/secret');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret.');
    expect(answer.headers.get('etag')).toBeNull();
    expect(answer.headers.get('x-kept')).toBe('yes');
    const [line] = fixture.current.logger.lines;
    expect(line).toMatchObject({ level: 'error', fields: { plugin: 'served', error: { message: 'secret' } } });
  });

  test('are told where errors are exposed', async () => {
    await fixture.current.close();
    const own = await startGateway({ exposeErrors: true });
    own.publish([own.plugin({ name: 'served' }, (http) => http.routes(problems))]);
    expect(await (await fetch(`${own.origin}/served/secret`)).json()).toMatchObject({
      code: 'BP_PLUGIN_ERROR',
      detail: expect.stringContaining('failed to answer: secret.'),
    });
    await own.close();
  });

  test.each([
    ['broken JSON', '{', 'application/json', 400, 'BP_HTTP_BAD_JSON'],
    ['an empty JSON body', '', 'application/json', 400, 'BP_HTTP_BAD_JSON'],
    ['an unknown content type', 'x', 'text/x-odd', 415, 'BP_HTTP_UNSUPPORTED_MEDIA_TYPE'],
  ])('of Fastify have codes of ours: %s', async (_, body, type, status, code) => {
    fixture.current.publish([served(problems)]);
    const answer = await get('/served/json', { method: 'POST', body, headers: { 'content-type': type } });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code });
  });

  test('name the methods that a path has', async () => {
    fixture.current.publish([served(problems)]);
    const answer = await get('/served/keys/7', { method: 'DELETE' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD, PUT');
  });

  test('of validation list what is wrong', async () => {
    const body = { type: 'object', required: ['document'], properties: { n: { type: 'number' } } };
    fixture.current.publish([served((app) => void app.post('/', { schema: { body } }, async () => 'ok'))]);
    const headers = { 'content-type': 'application/json' };
    const answer = await get('/served', { method: 'POST', headers, body: '{"n":"x"}' });
    expect(await answer.json()).toMatchObject({
      code: 'BP_HTTP_VALIDATION',
      errors: [{ in: 'body', pointer: '/document', keyword: 'required' }],
    });
  });

  test('of a stream before its first byte are a problem, not a reset', async () => {
    fixture.current.publish([
      served((app) => {
        app.get('/', (_, reply) => {
          const body = new Readable({ read: () => body.destroy(new Error('no such file')) });
          return reply.header('content-encoding', 'gzip').send(body);
        });
      }),
    ]);
    const answer = await get('/served');
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ code: 'BP_PLUGIN_ERROR' });
  });

  test('in setting up routes are the answer to every request of the plugin, and reported by warmAll', async () => {
    const bad = served((app) => {
      app.get('no-slash', async () => 'x');
      throw new Error('bad routes');
    }, 'bad');
    const good = served((app) => void app.get('/', async () => 'good'));
    fixture.current.publish([bad, good]);
    const failures: string[] = [];
    await fixture.current.gateway.warmAll(turn, (instance) => failures.push(instance.data.name));
    expect(failures).toEqual(['bad']);
    await expect(fixture.current.gateway.part.warm?.(bad)).rejects.toMatchObject({ code: 'BP_HTTP_APP_FAILED' });
    expect(await (await get('/bad')).json()).toMatchObject({ code: 'BP_HTTP_APP_FAILED' });
    expect(await (await get('/served')).text()).toBe('good');
  });
});

describe('limits', () => {
  test('hold for the URL, and for the number of requests but not for pages of the host', async () => {
    await fixture.current.close();
    const own = await startGateway({
      limits: { urlLength: 40, inFlight: 1 },
      system: [{ segments: ['health'], handle: (_, response) => void response.end('fine') }],
    });
    const held = Promise.withResolvers<string>();
    own.publish([
      own.plugin({ name: 'served' }, (http) => http.routes((app) => void app.get('/', () => held.promise))),
    ]);
    expect((await fetch(`${own.origin}/served/${'x'.repeat(40)}`)).status).toBe(414);
    const first = fetch(`${own.origin}/served`);
    await vi.waitFor(() => expect(own.gateway.inFlight).toBe(1));
    const second = await fetch(`${own.origin}/served`);
    expect(second.status).toBe(503);
    expect(second.headers.get('retry-after')).toBe('1');
    expect(await second.json()).toMatchObject({ code: 'BP_OVERLOADED' });
    expect(await (await fetch(`${own.origin}/health`)).text()).toBe('fine');
    held.resolve('done');
    expect(await (await first).text()).toBe('done');
    await own.close();
  });

  test('hold for headers, and bad HTTP is a problem too', async () => {
    const long = await raw(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
    expect(long).toContain('HTTP/1.1 431');
    expect(long).toContain('BP_HTTP_HEADERS_TOO_LARGE');
    const bad = await raw('NONSENSE\r\n\r\n');
    expect(bad).toContain('HTTP/1.1 400');
    expect(bad).toContain('application/problem+json');
  });

  test('do not hold for a route that reads the body as a stream', async () => {
    const size = 3 * 1024 * 1024;
    fixture.current.publish([
      served((app) => {
        app.addContentTypeParser('application/octet-stream', (_, payload, done) => done(null, payload));
        app.post('/', async (request) => {
          let bytes = 0;
          for await (const chunk of request.body as Readable) bytes += chunk.length;
          return { bytes };
        });
      }),
    ]);
    const answer = await get('/served', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.alloc(size),
    });
    expect(await answer.json()).toEqual({ bytes: size });
  });
});

describe('an app', () => {
  test('has the call of the request and the logger of the plugin', async () => {
    const logger = recordingLogger();
    const instance = fakeInstance({ name: 'served' });
    fixture.current.gateway.facet(instance, logger).routes((app) => {
      app.get('/', async (request) => {
        request.log.info({ key: 1 }, 'asked');
        request.log.child({ more: 2 }).warn('twice');
        request.log.error(new Error('odd'));
        return request.call.trace.traceId;
      });
    });
    fixture.current.publish([instance]);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const answer = await get('/served', { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
    expect(await answer.text()).toBe(traceId);
    expect(logger.lines).toMatchObject([
      { level: 'info', message: 'asked', fields: { key: 1 } },
      { level: 'warn', message: 'twice', fields: { more: 2 } },
      { level: 'error', message: 'odd', fields: { error: { message: 'odd' } } },
    ]);
    await instance.dispose();
  });

  test('runs in the call it serves', async () => {
    const { host } = fixture.current;
    const instance = served((app) => {
      app.get('/', async (request) => {
        await turn();
        return String(host.storage.getStore() === request.call);
      });
    });
    fixture.current.publish([instance]);
    expect(await (await get('/served')).text()).toBe('true');
  });

  test('is closed with its instance', async () => {
    const closed = vi.fn();
    const instance = served((app) => {
      app.addHook('onClose', async () => closed());
      app.get('/', async () => 'x');
    });
    fixture.current.publish([instance]);
    await (await get('/served')).text();
    fixture.current.publish([]);
    await instance.dispose();
    expect(closed).toHaveBeenCalledOnce();
  });

  test('cannot listen on its own', async () => {
    const bad = served((app) => void app.addHook('onReady', () => void app.server.listen(0)), 'bad');
    fixture.current.publish([bad]);
    expect(await (await get('/bad')).json()).toMatchObject({
      code: 'BP_HTTP_APP_FAILED',
      detail: expect.stringContaining('listen()'),
    });
  });

  test('may be given by a function that returns the app', async () => {
    fixture.current.publish([served((app) => app.get('/', async () => 'chained') as unknown as undefined)]);
    expect(await (await get('/served')).text()).toBe('chained');
  });
});

describe('a request whose instance has ended', () => {
  test('is a 503 where nothing has been sent, and cut where something has', async () => {
    const instance = served((app) => {
      app.get('/held', () => new Promise(() => {}));
      app.get('/stream', (_, reply) => {
        const body = new Readable({ read() {} });
        body.push('first');
        return reply.send(body);
      });
    });
    fixture.current.publish([instance]);
    const held = get('/served/held');
    const stream = await get('/served/stream');
    await vi.waitFor(() => expect(fixture.current.gateway.inFlight).toBe(2));
    instance.end();
    expect((await held).status).toBe(503);
    expect(await (await held).json()).toMatchObject({ code: 'BP_PLUGIN_UNAVAILABLE' });
    await expect(stream.text()).rejects.toThrow();
    await fixture.current.host.idle();
  });
});

describe('closing', () => {
  test('lets what is in flight end, on connections that are then closed', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    fixture.current.publish([served((app) => void app.get('/', () => promise))]);
    const answer = raw('GET /served HTTP/1.1\r\nhost: a\r\n\r\n');
    const idle = raw('GET /health HTTP/1.1\r\nhost: a\r\n\r\n');
    await vi.waitFor(() => expect(fixture.current.host.entered).toBe(1));
    await vi.waitFor(() => expect(system).toHaveBeenCalled());
    const closed = fixture.current.gateway.close({ deadlineMs: 60_000 });
    expect(await idle).toContain('system');
    await expect(get('/health')).rejects.toThrow();
    resolve('late');
    expect(await answer).toMatch(/connection: close[\s\S]*late$/i);
    await closed;
  });

  test('cuts what is left at the deadline', async () => {
    let deadline = () => {};
    await fixture.current.close();
    const clock = {
      now: () => 0,
      monotonic: () => 0,
      after: (_: number, action: () => void) => {
        deadline = action;
        return { cancel() {} };
      },
    };
    const own = await startGateway({ clock });
    own.publish([
      own.plugin({ name: 'served' }, (http) => http.routes((app) => void app.get('/', () => new Promise(() => {})))),
    ]);
    const answer = fetch(`${own.origin}/served`);
    await vi.waitFor(() => expect(own.gateway.inFlight).toBe(1));
    const closed = own.gateway.close({ deadlineMs: 5 });
    deadline();
    await expect(answer).rejects.toThrow();
    await closed;
    expect(own.host.calls.size).toBe(0);
  });
});

describe('a server of someone else', () => {
  test('is served too, raw routes within the onion included', async () => {
    const host = new FakeHost();
    const gateway = createGateway({ entrances: host, logger: recordingLogger() });
    const instance = fakeInstance({ name: 'served' });
    const http = gateway.facet(instance);
    http.routes((app) => {
      app.get('/', async () => 'hello');
      app.get('/raw', (_, reply) => {
        reply.hijack();
        reply.raw.end('raw');
      });
    });
    http.middleware({
      async handle(_, next) {
        const response = await next();
        host.events.push(response.committed ? 'committed' : 'open');
        return response;
      },
    });
    host.publish(gateway.part, [instance]);
    const server = createServer();
    gateway.attach(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await (await fetch(`${origin}/served`)).text()).toBe('hello');
    expect(await (await fetch(`${origin}/served/raw`)).text()).toBe('raw');
    await host.idle();
    expect(host.events).toEqual(['open', 'left', 'committed', 'left']);
    server.close();
    server.closeAllConnections();
    await instance.dispose();
  });
});

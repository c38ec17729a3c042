import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
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

/** Sends bytes as they are and gives what comes back until the server closes. */
async function raw(request: string, origin = fixture.current.origin): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  socket.write(request);
  return text(socket);
}

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

test('answers a client that offers HTTP/2 as if it had not', async () => {
  fixture.current.publish([served((app) => void app.post('/', async ({ body }) => ({ body })))]);
  const offer = 'connection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n';
  const body = 'content-type: application/json\r\ncontent-length: 2\r\n\r\n42';
  expect(await raw(`POST /served HTTP/1.1\r\nhost: a\r\n${offer}${body}`)).toMatch(
    /^HTTP\/1.1 200 [\s\S]*{"body":42}$/,
  );
  expect(await raw(`GET /health HTTP/1.1\r\nhost: a\r\n${offer}\r\n`)).toContain('system');
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

  test('serves what comes over an idle connection within the grace, and no longer', async () => {
    let endGrace = () => {};
    await fixture.current.close();
    const clock = {
      now: () => 0,
      monotonic: () => 0,
      after: (delay: number, action: () => void) => {
        if (delay === 200) endGrace = action;
        return { cancel() {} };
      },
    };
    const own = await startGateway({ clock });
    own.publish([
      own.plugin({ name: 'served' }, (http) => http.routes((app) => void app.get('/', async () => 'here'))),
    ]);
    const idle = connect(Number(new URL(own.origin).port), '127.0.0.1');
    const forgotten = connect(Number(new URL(own.origin).port), '127.0.0.1');
    const ask = (socket: Socket) => socket.write('GET /served HTTP/1.1\r\nhost: a\r\n\r\n');
    for (const socket of [idle, forgotten]) {
      ask(socket);
      expect(String((await once(socket, 'data'))[0])).toMatch(/connection: keep-alive/i);
    }
    const closed = own.gateway.close({ deadlineMs: 60_000, graceMs: 200 });
    await expect(fetch(own.origin)).rejects.toThrow();
    ask(idle);
    expect(await text(idle)).toMatch(/^HTTP\/1.1 200 [\s\S]*connection: close[\s\S]*here$/i);
    expect(forgotten.readableEnded).toBe(false);
    endGrace();
    await once(forgotten, 'end');
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

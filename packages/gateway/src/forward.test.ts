import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { CallContext } from '@backplane/plugin-api';
import type { CarriedCall } from '@backplane/ports';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createGateway, type Gateway } from './gateway.ts';
import { FakeHost, type FakeInstance, fakeInstance, recordingLogger } from './testing/fake-host.ts';
import { useGateway } from './testing/use-gateway.ts';

/** Calls on their way, as isolation keeps them: the header names one, and whoever receives it goes on in that very call. */
const carried = new Map<string, CallContext>();
const released = new Set<string>();
const CALL = 'x-backplane-call';

function carry(call: CallContext): CarriedCall {
  const name = `call-${carried.size + 1}`;
  carried.set(name, call);
  return { headers: { [CALL]: name }, release: () => void released.add(name) };
}

function receive(headers: Record<string, unknown>) {
  const call = carried.get(String(headers[CALL]));
  if (call === undefined) return undefined;
  const { traceId, spanId } = call.trace;
  return host.view([instance]).enter({ principal: call.principal, traceparent: `00-${traceId}-${spanId}-01` });
}

/** The gateway that clients speak to; behind it, as in another process, the one that runs the plugin. */
const front = useGateway();
let folder: string;
let socketPath: string;
let behind: Gateway;
let host: FakeHost;
let instance: FakeInstance;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-'));
  socketPath = join(folder, 's');
  host = new FakeHost();
  behind = createGateway({ entrances: host, logger: recordingLogger(), receive });
  carried.clear();
  released.clear();
  instance = fakeInstance({ name: 'far' });
});
afterEach(async () => {
  await behind.close({ deadlineMs: 1000 });
  await vi.waitFor(() => expect(released).toEqual(new Set(carried.keys())));
  expect(host.calls.size).toBe(0);
  await instance.dispose();
  await rm(folder, { recursive: true });
});

type Facet = ReturnType<Gateway['facet']>;

async function start(initialize: (http: Facet) => void): Promise<FakeInstance> {
  initialize(behind.facet(instance));
  host.publish(behind.part, [instance]);
  await behind.listen({ path: socketPath });
  const mount = front.current.plugin({ name: 'far', aliases: ['away'] }, (http) =>
    http.forward({ socketPath, upgrades: true, carry }),
  );
  const watcher = front.current.plugin({ name: 'watcher' }, (http) =>
    http.middleware({
      async handle(_, next) {
        const response = await next();
        front.current.host.events.push(`${response.status} ${response.committed}`);
        if (!response.committed) response.headers.set('x-seen', '1');
        return response;
      },
    }),
  );
  front.current.publish([watcher, mount]);
  return mount;
}

const get = (path: string, init?: RequestInit) => fetch(front.current.origin + path, init);

describe('a forwarded mount', () => {
  test('answers through the onion, and the call goes along', async () => {
    await start((http) =>
      http.routes((app) => {
        app.post('/hello', async (request, reply) => {
          reply.code(201).header('set-cookie', ['a=1', 'b=2']).header('connection', 'x-hop').header('x-hop', '1');
          const { trace, principal, deadline } = request.call;
          const leaked = Object.keys(request.headers).filter((name) => name.startsWith('x-backplane-'));
          return { url: request.url, body: request.body, trace: trace.traceId, principal, deadline, leaked };
        });
      }),
    );
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const answer = await get('/away/hello?a=1', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
        'X-Backplane-Call': 'call-of-someone-else',
      },
      body: '{"n":1}',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.get('x-hop')).toBeNull();
    expect(answer.headers.get('x-seen')).toBe('1');
    expect(await answer.json()).toEqual({
      url: '/far/hello?a=1',
      body: { n: 1 },
      trace: traceId,
      principal: { kind: 'anonymous', id: 'anonymous', roles: [], permissions: [] },
      leaked: [],
    });
    await host.idle();
  });

  test('streams both ways', async () => {
    await start((http) =>
      http.routes((app) => {
        app.addContentTypeParser('application/octet-stream', (_, payload, done) => done(null, payload));
        app.post('/', (request, reply) => reply.type('application/octet-stream').send(request.body));
      }),
    );
    const size = 5_000_000;
    const body = Readable.toWeb(Readable.from([Buffer.alloc(size / 2, 1), Buffer.alloc(size / 2, 2)]));
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await get('/far', { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
    const received = Buffer.from(await answer.arrayBuffer());
    expect(received.length).toBe(size);
    expect(received.at(0)).toBe(1);
    expect(received.at(-1)).toBe(2);
  });

  test('tells the other side when the client goes away', async () => {
    const cancelled = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    await start((http) =>
      http.routes((app) => {
        app.get('/', (request) => {
          request.call.signal.addEventListener('abort', () => cancelled.resolve());
          started.resolve();
          return new Promise(() => {});
        });
      }),
    );
    const client = new AbortController();
    const answer = get('/far', { signal: client.signal });
    await started.promise;
    client.abort();
    await expect(answer).rejects.toThrow();
    await cancelled.promise;
    await host.idle();
  });

  test('cuts the answer when the other side breaks off in the middle', async () => {
    await start((http) =>
      http.routes((app) => {
        app.get('/', (_, reply) => {
          const body = new Readable({ read() {} });
          body.push('first');
          setImmediate(() => body.destroy(new Error('broken')));
          return reply.send(body);
        });
      }),
    );
    const answer = await get('/far');
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
  });

  test('has the head of a stream leave before its first byte', async () => {
    await start((http) =>
      http.routes((app) => {
        app.get('/', (_, reply) => {
          reply.hijack();
          reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
          reply.raw.flushHeaders();
        });
      }),
    );
    const client = new AbortController();
    const answer = await get('/far', { signal: client.signal });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    client.abort();
    await host.idle();
  });

  test('is a 502 where nobody listens', async () => {
    const mount = front.current.plugin({ name: 'far' }, (http) =>
      http.forward({ socketPath: join(folder, 'nobody'), upgrades: true }),
    );
    front.current.publish([mount]);
    const answer = await get('/far');
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ code: 'BP_HTTP_FORWARD_FAILED' });
    const socket = new WebSocket(`${front.current.origin.replace('http', 'ws')}/far/talk`);
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(502);
    response.resume();
  });

  test('pipes WebSockets through; a replaced plugin closes them from its side', async () => {
    await start((http) => {
      http.webSocket('/talk', (socket, request) =>
        socket.on('message', (data) => socket.send(`${request.url} ${data}`)),
      );
    });
    const socket = new WebSocket(`${front.current.origin.replace('http', 'ws')}/away/talk`);
    await once(socket, 'open');
    socket.send('hi');
    expect(String((await once(socket, 'message'))[0])).toBe('/far/talk hi');
    expect(front.current.host.events).toEqual(['101 true']);
    instance.drain();
    expect((await once(socket, 'close'))[0]).toBe(1012);
    await host.idle();
    await front.current.host.idle();
  });

  test('cuts a WebSocket on both sides when the front instance has ended', async () => {
    const mount = await start((http) => http.webSocket('/talk', () => {}));
    const socket = new WebSocket(`${front.current.origin.replace('http', 'ws')}/far/talk`);
    await once(socket, 'open');
    mount.end();
    await once(socket, 'close');
    await host.idle();
  });

  test('gives back what is no upgrade', async () => {
    await start((http) => http.webSocket('/talk', () => {}));
    const socket = new WebSocket(`${front.current.origin.replace('http', 'ws')}/far/other`);
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(404);
    response.resume();
    await host.idle();
  });
});

describe('forwarded calls', () => {
  test('from clients are stripped everywhere', async () => {
    const seen = vi.fn();
    const near = front.current.plugin({ name: 'near' }, (http) =>
      http.routes((app) => {
        app.get('/', async (request) => seen(request.headers['x-backplane-any'], request.raw.rawHeaders.join()));
      }),
    );
    front.current.publish([near]);
    await get('/near', { headers: { 'X-Backplane-Any': 'forged', 'x-other': 'kept' } });
    expect(seen).toHaveBeenCalledWith(undefined, expect.not.stringContaining('forged'));
    expect(seen.mock.calls[0]?.[1]).toContain('kept');
  });
});

import { once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { useGateway } from './testing/use-gateway.ts';

const fixture = useGateway();
const events = () => fixture.current.host.events;
const address = (path: string) => fixture.current.origin.replace('http', 'ws') + path;

const watcher = () =>
  fixture.current.plugin({ name: 'watcher' }, (http) =>
    http.middleware({
      async handle(request, next) {
        if (request.headers['x-refuse'] !== undefined) return request.respond({ status: 401, body: 'no' });
        const response = await next();
        events().push(`${response.status} ${response.committed}`);
        return response;
      },
    }),
  );

describe('a WebSocket', () => {
  const echo = () =>
    fixture.current.plugin({ name: 'echo', aliases: ['parrot'] }, (http) => {
      http.webSocket('/talk', (socket, request, call) => {
        socket.on('message', (data) => socket.send(`${request.url} ${call.generation} ${data}`));
      });
    });

  test('is accepted at its path below the mount, through the onion, and keeps its call until it closes', async () => {
    fixture.current.publish([watcher(), echo()]);
    const socket = new WebSocket(address('/parrot/talk/?a=1'));
    await once(socket, 'open');
    socket.send('hi');
    const [message] = await once(socket, 'message');
    expect(String(message)).toBe('/echo/talk/?a=1 2 hi');
    expect(events()).toEqual(['101 true']);
    expect(fixture.current.gateway.inFlight).toBe(1);
    socket.close();
    await fixture.current.host.idle();
    expect(events()).toEqual(['101 true', 'left']);
  });

  test('is closed with 1012 when its plugin is replaced, once', async () => {
    const instance = echo();
    fixture.current.publish([instance]);
    const socket = new WebSocket(address('/echo/talk'));
    await once(socket, 'open');
    instance.drain();
    const [code] = await once(socket, 'close');
    expect(code).toBe(1012);
    await fixture.current.host.idle();
  });

  test('that does not answer the closing handshake is cut when its instance has ended', async () => {
    const instance = echo();
    fixture.current.publish([instance]);
    const socket = new WebSocket(address('/echo/talk'));
    await once(socket, 'open');
    socket.pause();
    instance.drain();
    instance.end();
    await fixture.current.host.idle();
    socket.resume();
    await once(socket, 'close');
  });

  test('is closed with 1001 when the host stops', async () => {
    fixture.current.publish([echo()]);
    const socket = new WebSocket(address('/echo/talk'));
    await once(socket, 'open');
    const closed = fixture.current.gateway.close({ deadlineMs: 60_000 });
    expect((await once(socket, 'close'))[0]).toBe(1001);
    await closed;
  });

  test.each([
    ['/echo/other', {}, 404],
    ['/nobody/talk', {}, 404],
    ['/%zz', {}, 400],
    ['/echo/talk', { 'x-refuse': '1' }, 401],
  ])('is refused with an ordinary answer: %s %o is %i', async (path, headers, status) => {
    fixture.current.publish([watcher(), echo()]);
    const socket = new WebSocket(address(path), { headers });
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(status);
    response.resume();
    await fixture.current.host.idle();
  });

  test('is refused through the onion where the handshake is broken', async () => {
    fixture.current.publish([watcher(), echo()]);
    const { port } = new URL(fixture.current.origin);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET /echo/talk HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400 [\s\S]*sec-websocket-key/);
    await fixture.current.host.idle();
    expect(events()).toEqual(['400 false', 'left']);
  });

  test('whose plugin fails to accept it is closed with 1011', async () => {
    const faulty = fixture.current.plugin({ name: 'faulty' }, (http) => {
      http.webSocket('talk', () => {
        throw new Error('no luck');
      });
    });
    fixture.current.publish([faulty]);
    const socket = new WebSocket(address('/faulty/talk'));
    expect((await once(socket, 'close'))[0]).toBe(1011);
    await fixture.current.host.idle();
    expect(fixture.current.logger.lines).toMatchObject([{ level: 'error', fields: { plugin: 'faulty' } }]);
  });
});

describe('a stream of server-sent events', () => {
  const stream = (body: Readable, raw = false) =>
    fixture.current.plugin({ name: 'news' }, (http) =>
      http.routes((app) => {
        app.get('/', (_, reply) => {
          if (!raw) return reply.type('text/event-stream').send(body);
          reply.hijack();
          reply.raw.writeHead(200, { 'Content-Type': 'text/event-stream' });
          body.pipe(reply.raw);
        });
      }),
    );

  async function reader(path: string) {
    const answer = await fetch(fixture.current.origin + path);
    let received = '';
    const done = (async () => {
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) received += Buffer.from(chunk).toString();
    })();
    return { received: () => received, done };
  }

  test.each([false, true])(
    'asks the client to come back when its plugin is replaced, between two events (raw: %s)',
    async (raw) => {
      const body = new PassThrough();
      const instance = stream(body, raw);
      fixture.current.publish([watcher(), instance]);
      body.write('data: 1\n\n');
      const { received, done } = await reader('/news');
      await vi.waitFor(() => expect(received()).toBe('data: 1\n\n'));
      body.write('data: half ');
      await vi.waitFor(() => expect(received()).toContain('half'));
      instance.drain();
      body.write('whole\n');
      body.write('\n');
      await vi.waitFor(() => expect(received()).toBe('data: 1\n\ndata: half whole\n\nretry: 1000\n\n'));
      body.end('data: 3\n\n');
      await done;
      expect(received()).toBe('data: 1\n\ndata: half whole\n\nretry: 1000\n\ndata: 3\n\n');
      await fixture.current.host.idle();
    },
  );

  test('asks at once where no event is under way, and is cut when the instance has ended', async () => {
    const body = new PassThrough();
    const instance = stream(body);
    fixture.current.publish([instance]);
    body.write('data: 1\n\n');
    const { received, done } = await reader('/news');
    await vi.waitFor(() => expect(received()).toBe('data: 1\n\n'));
    instance.drain();
    await vi.waitFor(() => expect(received()).toBe('data: 1\n\nretry: 1000\n\n'));
    instance.end();
    await expect(done).rejects.toThrow();
    await fixture.current.host.idle();
    expect(body.destroyed).toBe(true);
  });
});

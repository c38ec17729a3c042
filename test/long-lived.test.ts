import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { HostProcess } from './testing/host-process.ts';
import { writePlugins } from './testing/plugin-files.ts';

/** Short where a test waits for it, long where it must not matter. */
const DRAIN_MS = 600;
const LONG_DRAIN_MS = 60_000;
const MIB = 1024 * 1024;
const DOWNLOAD = 256 * MIB;

const live = (version: string, drainMs: number) => `
import { Readable } from 'node:stream';
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'live',
  version: '${version}.0.0',
  limits: { drain: ${drainMs} },
  initialize(context) {
    context.http.webSocket('/socket', (socket) => {
      socket.send('${version}');
      socket.on('message', (data) => socket.send('${version} ' + data));
    });
    context.http.routes((app) => {
      app.get('/version', async () => '${version}');
      const events = (heeds) => async (request, reply) => {
        const body = new Readable({ read() {} });
        const timer = setInterval(() => body.push('data: ${version}\\n\\n'), 5);
        const end = () => { clearInterval(timer); if (heeds) body.push(null); };
        request.call.draining.addEventListener('abort', () => { if (heeds) end(); });
        body.on('close', end);
        return reply.type('text/event-stream').send(body);
      };
      app.get('/events', events(true));
      app.get('/events-without-end', events(false));
      app.get('/download', (request, reply) => reply
        .header('content-length', '${DOWNLOAD}')
        .type('application/octet-stream')
        .send(Readable.from((function* () {
          const chunk = Buffer.alloc(65536, '${version}');
          for (let sent = 0; sent < ${DOWNLOAD}; sent += chunk.length) yield chunk;
        })(), { objectMode: false })));
    });
  },
});
`;

describe('what is open while its plugin is replaced', () => {
  let host: HostProcess;
  let version = 1;
  beforeAll(async () => {
    host = await HostProcess.start({ 'live.ts': live('1', DRAIN_MS) });
  });
  afterAll(() => host[Symbol.asyncDispose]());

  const get = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      httpRequest(host.url + path, { agent: false }, resolve)
        .on('error', reject)
        .end();
    });
  /** Puts the next version in, and gives the one before. */
  const replace = async (drainMs = DRAIN_MS) => {
    await writePlugins(host.plugins, { 'live.ts': live(String(version + 1), drainMs) });
    expect((await host.reload('live')).status).toBe(200);
    version++;
    expect(await (await fetch(`${host.url}/live/version`)).text()).toBe(String(version));
    return String(version - 1);
  };
  const draining = async () => (await host.status()).get('live')?.draining;
  const lastReceipt = async () => (await host.status()).get('live')?.receipts.at(-1);

  interface Events {
    readonly seen: () => string;
    readonly ended: Promise<'end' | 'cut'>;
    leave(): void;
  }
  const listen = async (path: string): Promise<Events> => {
    const response = await get(path);
    let text = '';
    const { promise: first, resolve: gotFirst } = Promise.withResolvers<void>();
    response.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      gotFirst();
    });
    const ended = new Promise<'end' | 'cut'>((resolve) => {
      response.on('end', () => resolve('end')).on('error', () => resolve('cut'));
    });
    await first;
    return { seen: () => text, ended, leave: () => response.destroy() };
  };

  it('tells a listener of events when to come back, and ends its stream when the plugin does', async () => {
    const events = await listen('/live/events');
    const old = await replace();
    expect(await events.ended).toBe('end');
    expect(events.seen()).toMatch(new RegExp(`^(data: ${old}\\n\\n)+retry: 1000\\n\\n(data: ${old}\\n\\n)*$`));
    await expect.poll(draining).toEqual([]);
    expect(await lastReceipt()).toMatchObject({ version: `${old}.0.0`, calls_ended: 0, held: [], problems: [] });
  });

  it('ends a stream of events at the drain limit when the plugin does not', async () => {
    const events = await listen('/live/events-without-end');
    const began = performance.now();
    const old = await replace();
    expect(await draining()).toMatchObject([{ version: `${old}.0.0`, in_flight: 1 }]);
    await events.ended;
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(DRAIN_MS - 50);
    expect(took).toBeLessThan(DRAIN_MS + 2000);
    expect(events.seen().match(/retry: 1000\n\n/g)).toHaveLength(1);
    // Events go on after it, from the version that they began with.
    expect(events.seen()).toMatch(new RegExp(`retry: 1000\\n\\n(data: ${old}\\n\\n)+`));
    expect(events.seen().replaceAll(`data: ${old}\n\n`, '')).toBe('retry: 1000\n\n');
    await expect.poll(draining).toEqual([]);
    expect(await lastReceipt()).toMatchObject({ version: `${old}.0.0`, calls_ended: 1 });
  });

  it('closes a WebSocket with 1012, and the next one is with the new version', async () => {
    const connect = async () => {
      const socket = new WebSocket(`${host.url.replace('http', 'ws')}/live/socket`);
      const messages: string[] = [];
      const { promise: first, resolve } = Promise.withResolvers<void>();
      socket.on('message', (data) => {
        messages.push(String(data));
        resolve();
      });
      const closed = new Promise<{ code: number; reason: string }>((done) => {
        socket.on('close', (code, reason) => done({ code, reason: String(reason) }));
      });
      await first;
      return { socket, messages, closed };
    };
    const before = await connect();
    const old = await replace();
    expect(await before.closed).toEqual({ code: 1012, reason: 'The plugin is being replaced.' });
    expect(before.messages).toEqual([old]);
    const after = await connect();
    expect(after.messages).toEqual([String(version)]);
    after.socket.close();
    await after.closed;
    await expect.poll(draining).toEqual([]);
  });

  it('finishes a long download with the bytes of the version that began it', async () => {
    await replace(LONG_DRAIN_MS);
    const response = await get('/live/download');
    let total = 0;
    let foreign = 0;
    const old = Buffer.alloc(MIB, String(version));
    const iterator = response[Symbol.asyncIterator]();
    const read = async () => {
      const { value, done } = (await iterator.next()) as IteratorResult<Buffer>;
      if (done) return false;
      total += value.length;
      if (!value.equals(old.subarray(0, value.length))) foreign++;
      return true;
    };
    await read();
    await replace();
    expect(total).toBeLessThan(DOWNLOAD);
    expect(await draining()).toHaveLength(1);
    while (await read());
    expect([total, foreign]).toEqual([DOWNLOAD, 0]);
    await expect.poll(draining).toEqual([]);
    expect(await lastReceipt()).toMatchObject({ calls_ended: 0, held: [], problems: [] });
  });

  it('ends the oldest of four versions that still have listeners', async () => {
    const listeners: Events[] = [];
    const began = performance.now();
    for (let n = 0; n < 4; n++) {
      await replace(LONG_DRAIN_MS);
      listeners.push(await listen('/live/events-without-end'));
    }
    await replace();
    const [oldest, ...others] = listeners as [Events, ...Events[]];
    await oldest.ended;
    expect(performance.now() - began).toBeLessThan(LONG_DRAIN_MS / 2);
    await expect.poll(draining).toHaveLength(3);
    for (const listener of others) listener.leave();
    await expect.poll(draining).toEqual([]);
  });
});

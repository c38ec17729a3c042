import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostProcess } from './testing/host-process.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const MEMORY_LIMIT_MIB = 150;

/** Middleware that tells how it was left, and a plugin of its own that shows what all of them told. */
const layer = (name: string, priority: number, after: string) => `
import { pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import { definePlugin } from '@backplane/plugin-api';
const left = (globalThis.left ??= {});
export default definePlugin({
  name: '${name}',
  version: '1.0.0',
  phase: 'middleware',
  priority: ${priority},
  initialize(context) {
    context.http.middleware({
      async handle(request, next) {
        const id = request.headers['x-request'];
        const leave = (how) => (left[id] ??= []).push('${name} ' + how);
        try {
          const answer = await next();
          leave(answer.committed ? answer.status + ' committed' : String(answer.status));
          ${after}
          answer.headers.set('x-layers', [answer.headers.get('x-layers'), '${name}'].filter(Boolean).join(' '));
          return answer;
        } catch (error) {
          leave(error.code);
          throw error;
        }
      },
    });
    context.http.routes((app) => {
      app.get('/left/:id', async (request) => left[request.params.id] ?? []);
    });
  },
});
`;

const CHANGE_AND_COMPRESS = `
          if (answer.status === 200) answer.status = 203;
          else if (answer.status >= 400) answer.status += 50;
          answer.headers.set('x-outer', 'changed');
          if (request.headers['accept-encoding'] === 'gzip' && typeof answer.body?.pipe === 'function') {
            answer.headers.set('content-encoding', 'gzip');
            answer.body = pipeline(answer.body, createGzip({ level: 1 }), () => {});
          }
`;

const PAGES = `
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { definePlugin } from '@backplane/plugin-api';
const state = (globalThis.pages ??= { arrived: 0, given: 0 });
const bytes = (size, chunk) => Readable.from((function* () {
  for (let sent = 0; sent < size; sent += chunk.length) {
    state.given = sent + chunk.length;
    yield chunk;
  }
})(), { objectMode: false, highWaterMark: 65536 });
export default definePlugin({
  name: 'pages',
  version: '1.0.0',
  initialize(context) {
    context.http.routes((app) => {
      app.get('/big/:size', (request, reply) => reply.type('application/octet-stream').send(bytes(Number(request.params.size), Buffer.alloc(65536, 'backplane '))));
      app.get('/noise/:size', (request, reply) => reply.type('application/octet-stream').send(bytes(Number(request.params.size), randomBytes(65536))));
      app.get('/state', async () => state);
      app.get('/plain', async () => ({ plain: true }));
      app.get('/raw', (request, reply) => {
        reply.hijack();
        reply.raw.writeHead(202, { 'content-type': 'text/plain' });
        reply.raw.end('raw');
      });
      app.get('/valid', { schema: { querystring: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } } }, async () => 'valid');
      app.get('/breaks', (request, reply) => reply.type('text/plain').send(Readable.from((async function* () {
        yield 'first';
        await new Promise((resolve) => setTimeout(resolve, 20));
        throw new Error('broken after the first byte');
      })())));
      app.get('/waits', async (request) => {
        state.arrived++;
        await new Promise((resolve) => request.call.signal.addEventListener('abort', resolve));
        state.arrived--;
        return 'nobody reads this';
      });
    });
  },
});
`;

interface Head {
  readonly response: IncomingMessage;
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
}

describe('three nested middleware of plugins', () => {
  let host: HostProcess;
  let requests = 0;
  beforeAll(async () => {
    host = await HostProcess.start({
      'outer.ts': layer('outer', 10, CHANGE_AND_COMPRESS),
      'middle.ts': layer('middle', 20, ''),
      'inner.ts': layer('inner', 30, ''),
      'pages.ts': PAGES,
    });
  });
  afterAll(() => host[Symbol.asyncDispose]());

  /** Resolves with the head; the body is the caller's to read. */
  const get = (path: string, id: string, headers: Record<string, string> = {}): Promise<Head> =>
    new Promise((resolve, reject) => {
      httpRequest(`${host.url}${path}`, { agent: false, headers: { 'x-request': id, ...headers } }, (response) =>
        resolve({ response, status: response.statusCode, headers: response.headers }),
      )
        .on('error', reject)
        .end();
    });
  const textOf = async ({ response }: Head) => {
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return text;
  };
  const json = async (path: string) => JSON.parse(await textOf(await get(path, 'observer')));
  const leftBy = (id: string): Promise<string[]> => json(`/outer/left/${id}`);
  const nextId = () => `request-${++requests}`;
  const allChanged = { 'x-outer': 'changed', 'x-layers': 'inner middle outer' };

  it('change status and headers and compress a body of 1 GiB while the host stays under 150 MB', async () => {
    const id = nextId();
    let highest = 0;
    const timer = setInterval(() => {
      highest = Math.max(highest, host.residentMiB);
    }, 20);
    const head = await get(`/pages/big/${GIB}`, id, { 'accept-encoding': 'gzip' });
    expect(head).toMatchObject({ status: 203, headers: { ...allChanged, 'content-encoding': 'gzip' } });
    expect(head.headers['content-length']).toBeUndefined();
    let total = 0;
    for await (const chunk of head.response.pipe(createGunzip())) total += chunk.length;
    clearInterval(timer);
    console.log(`1 GiB through gzip: at most ${highest.toFixed(0)} MiB resident`);
    expect(total).toBe(GIB);
    expect(highest).toBeGreaterThan(20);
    expect(highest).toBeLessThan(MEMORY_LIMIT_MIB);
    expect(await leftBy(id)).toEqual(['inner 200', 'middle 200', 'outer 200']);
  });

  it('hold a body back when the client stops reading', async () => {
    const id = nextId();
    const head = await get(`/pages/noise/${512 * MIB}`, id, { 'accept-encoding': 'gzip' });
    head.response.pause();
    let given = -1;
    let still = 0;
    await expect
      .poll(async () => {
        const before = given;
        given = (await json('/pages/state')).given;
        still = given === before ? still + 1 : 0;
        return still;
      })
      // On a busy machine, what compresses may rest between two looks.
      .toBeGreaterThan(8);
    await sleep(200);
    expect((await json('/pages/state')).given).toBe(given);
    expect(given).toBeLessThan(32 * MIB);
    expect(host.residentMiB).toBeLessThan(MEMORY_LIMIT_MIB);
    head.response.destroy();
  });

  it('see a raw Fastify route as committed, and cannot change it', async () => {
    const id = nextId();
    const head = await get('/pages/raw', id);
    expect(head.status).toBe(202);
    expect(head.headers['x-outer']).toBeUndefined();
    expect(await textOf(head)).toBe('raw');
    expect(await leftBy(id)).toEqual(['inner 202 committed', 'middle 202 committed', 'outer 202 committed']);
  });

  it.each([
    ['a path that no plugin has', '/nobody/here', 'BP_HTTP_NOT_FOUND', 404],
    ['a path that a plugin does not have', '/pages/nothing', 'BP_HTTP_NOT_FOUND', 404],
    ['a request that its route refuses', '/pages/valid?n=x', 'BP_HTTP_VALIDATION', 400],
  ])('are around %s', async (_, path, code, status) => {
    const id = nextId();
    const head = await get(path, id);
    expect(head).toMatchObject({
      status: status + 50,
      headers: { ...allChanged, 'content-type': 'application/problem+json' },
    });
    expect(JSON.parse(await textOf(head))).toMatchObject({ code });
    expect(await leftBy(id)).toEqual([`inner ${status}`, `middle ${status}`, `outer ${status}`]);
  });

  it.each(['identity', 'gzip'])(
    'are left before a %s body that breaks after its first byte is cut',
    async (encoding) => {
      const id = nextId();
      const head = await get('/pages/breaks', id, { 'accept-encoding': encoding });
      expect(head).toMatchObject({ status: 203, headers: allChanged });
      await expect(textOf(head)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(await leftBy(id)).toEqual(['inner 200', 'middle 200', 'outer 200']);
      await expect.poll(() => host.output).toContain('broken after the first byte');
    },
  );

  it('are told from the inside out that the client has gone away', async () => {
    const id = nextId();
    const { arrived } = await json('/pages/state');
    const request = httpRequest(`${host.url}/pages/waits`, { agent: false, headers: { 'x-request': id } });
    request.on('error', () => {}).end();
    await expect.poll(async () => (await json('/pages/state')).arrived).toBe(arrived + 1);
    request.destroy();
    await expect
      .poll(() => leftBy(id))
      .toEqual(['inner BP_HTTP_CLIENT_GONE', 'middle BP_HTTP_CLIENT_GONE', 'outer BP_HTTP_CLIENT_GONE']);
    await expect.poll(async () => (await json('/pages/state')).arrived).toBe(arrived);
  });

  it('leave nothing in flight behind them', async () => {
    await expect
      .poll(async () => [...(await host.status()).values()].map(({ in_flight }) => in_flight))
      .toEqual([0, 0, 0, 0]);
  });
});

import { readdir } from 'node:fs/promises';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostProcess } from './testing/host-process.ts';
import { isAlive } from './testing/is-alive.ts';

const SLOW_MS = 400;

const shop = (name: string) => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: '${name}',
  version: '1.0.0',
  initialize(context) {
    let begun = 0;
    context.http.routes((app) => {
      app.addHook('onRequest', async () => { begun++; });
      app.get('/fast', async () => ({ served: true }));
      app.get('/slow', async () => {
        await new Promise((resolve) => setTimeout(resolve, ${SLOW_MS}));
        return { served: true };
      });
      app.get('/hangs', () => new Promise(() => {}));
      app.post('/upload', async (request) => ({ served: true, size: request.body.text.length }));
    });
    return { stop() { context.logger.info('stops in order', { begun }); } };
  },
});
`;

interface Outcome {
  /** `refused`: the host did not take the connection. What waits for that when a port is closed, the kernel resets. */
  readonly kind: 'served' | 'refused' | 'failed';
  readonly status?: number | undefined;
  readonly headers?: IncomingMessage['headers'];
  readonly body: string;
}

function send(url: string, agent: Agent | false, body?: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const method = body === undefined ? 'GET' : 'POST';
    const untaken = () => !request.reusedSocket && request.socket?.bytesRead === 0;
    const failed = (error: NodeJS.ErrnoException) =>
      resolve({
        kind: error.code === 'ECONNREFUSED' || (error.code === 'ECONNRESET' && untaken()) ? 'refused' : 'failed',
        body: `${url} ${request.reusedSocket ? 'again' : 'first'} on its connection: ${error.code} ${error.message}`,
      });
    const request = httpRequest(url, { agent, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('error', failed);
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ kind: 'served', status: response.statusCode, headers: response.headers, body: text }),
      );
    });
    request.on('error', failed).end(body);
  });
}

describe('a host that is told to stop', () => {
  let host: HostProcess;
  let agents: Agent[];
  beforeEach(async () => {
    agents = [];
    host = await HostProcess.start(
      { 'shop.ts': shop('shop'), 'apart.ts': shop('apart') },
      { flags: ['--isolation', 'apart=process'] },
    );
  });
  afterEach(async () => {
    for (const agent of agents) agent.destroy();
    await host[Symbol.asyncDispose]();
  });
  const agent = () => {
    const made = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(made);
    return made;
  };

  it('serves every request that it has accepted, of clients new and old, leaves nothing behind and exits with 0', async () => {
    const outcomes: Outcome[] = [];
    const client = async (path: string, connection: () => Agent | false, body?: string) => {
      for (;;) {
        const outcome = await send(`${host.url}${path}`, connection(), body);
        outcomes.push(outcome);
        if (outcome.kind !== 'served') return;
      }
    };
    const upload = JSON.stringify({ text: 'x'.repeat(100_000) });
    const clients = ['/shop/fast', '/shop/slow', '/apart/fast', '/apart/slow'].flatMap((path) => {
      const own = agent();
      return [client(path, () => own), client(path, () => false)];
    });
    const uploading = agent();
    clients.push(client('/shop/upload', () => uploading, upload));
    await sleep(2 * SLOW_MS);
    const before = outcomes.length;
    const { children } = host;
    expect(children.length).toBeGreaterThan(0);

    host.process.kill('SIGTERM');
    await Promise.all(clients);
    expect(await host.exited).toEqual({ code: 0, signal: null });

    expect(outcomes.filter(({ kind }) => kind === 'failed')).toEqual([]);
    const served = outcomes.filter(({ kind }) => kind === 'served');
    expect(served.filter(({ status }) => status !== 200)).toEqual([]);
    expect(before).toBeGreaterThan(20);
    expect(served.length).toBeGreaterThan(before);

    // What the plugins have begun, clients have got: nothing was dropped on the way.
    const begun = host.log.filter(({ msg }) => msg === 'stops in order').map((line) => Number(line.begun));
    expect(begun).toHaveLength(2);
    expect(begun.reduce((sum, count) => sum + count)).toBe(served.length);
    expect(host.log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
    expect(children.filter(isAlive)).toEqual([]);
    expect((await send(`${host.url}/ready`, false)).kind).toBe('refused');
    expect(await readdir(join(host.folder, 'tmp'), { recursive: true })).toEqual([]);
    const data = await readdir(join(host.folder, 'data'), { recursive: true, withFileTypes: true });
    const files = data.filter(
      (entry) => !entry.isDirectory() && !/\/data\/(?:audit|database|keys)/.test(entry.parentPath),
    );
    const kept = new Set(['admin.token', 'master.key']);
    expect(files.map(({ name }) => name).filter((name) => !kept.has(name) && !name.endsWith('.bundle'))).toEqual([]);
  });

  it('says on /ready that it is not ready, to whoever still has a connection', async () => {
    const idle = agent();
    expect(await send(`${host.url}/ready`, idle)).toMatchObject({ kind: 'served', status: 200 });
    const slow = send(`${host.url}/shop/slow`, agent());
    const other = agent();
    await send(`${host.url}/shop/fast`, other);
    host.process.kill('SIGTERM');
    await host.prints(/The host is stopping/);
    const [ready, fast] = await Promise.all([send(`${host.url}/ready`, idle), send(`${host.url}/shop/fast`, other)]);
    expect(ready).toMatchObject({
      kind: 'served',
      status: 503,
      headers: { connection: 'close', 'retry-after': '1' },
    });
    expect(JSON.parse(ready.body)).toEqual({ status: 'not_ready', reason: 'The host is stopping.' });
    // What comes over an open connection is still served, and the connection closed after it.
    expect(fast).toMatchObject({ kind: 'served', status: 200, headers: { connection: 'close' } });
    expect(await slow).toMatchObject({ kind: 'served', status: 200 });
    expect(await host.exited).toEqual({ code: 0, signal: null });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends at once at the second %s, whatever is in flight', async (signal, code) => {
    const { children } = host;
    const hanging = send(`${host.url}/shop/hangs`, false);
    await expect.poll(async () => (await host.status()).get('shop')?.in_flight).toBe(1);
    host.process.kill(signal);
    await host.prints(/The host is stopping/);
    await sleep(100);
    expect(host.process.exitCode).toBeNull();
    const began = performance.now();
    host.process.kill(signal);
    expect(await host.exited).toEqual({ code, signal: null });
    expect(performance.now() - began).toBeLessThan(2000);
    expect((await hanging).kind).not.toBe('served');
    await expect.poll(() => children.filter(isAlive)).toEqual([]);
  });
});

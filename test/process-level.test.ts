import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { HostProcess } from './testing/host-process.ts';
import { isAlive } from './testing/is-alive.ts';
import { writePlugins } from './testing/plugin-files.ts';

/** The same files at every level: a consumer with routes, and a provider it calls. */
const consumer = `
import { definePlugin, service, currentCall } from '@backplane/plugin-api';
import { Readable } from 'node:stream';
const stock = service('inventory.stock');
export default definePlugin({
  name: 'shop',
  version: '1.0.0',
  needs: { stock },
  config: { currency: { type: 'string', default: 'EUR' } },
  initialize(context) {
    const { stock } = context.services;
    let ticks = 0;
    context.scope.interval('tick', 20, async () => {
      await stock.reserve('tick');
      ticks++;
    });
    context.http.routes((app) => {
      app.get('/buy/:sku', async (request) => ({
        pid: process.pid,
        stock: await stock.reserve(request.params.sku),
        trace: request.call.trace.traceId,
        currency: context.config.currency,
      }));
      app.get('/ticks', async () => ({ ticks }));
      app.get('/stream', async (_request, reply) => {
        reply.type('application/octet-stream');
        return Readable.from((async function* () {
          for (let n = 0; n < 64; n++) yield Buffer.alloc(64 * 1024, n);
        })());
      });
      app.get('/refused', async () => { await stock.refuse(); });
      app.get('/hang', (request) => new Promise((_, reject) => request.call.signal.addEventListener('abort', () => reject(request.call.signal.reason))));
      app.get('/exit', async () => { process.exit(3); });
    });
    return {
      start: (handover) => { ticks = handover.state ?? 0; },
      handOver: () => ticks,
      health: () => ({ status: 'healthy', pid: process.pid }),
    };
  },
});
`;

const provider = (version: string) => `
import { definePlugin, service, currentCall, BackplaneError } from '@backplane/plugin-api';
const stock = service('inventory.stock');
export default definePlugin({
  name: 'inventory',
  version: '${version}',
  provides: [stock],
  initialize(context) {
    context.provide(stock, {
      reserve: async (sku) => ({ sku, version: '${version}', pid: process.pid, trace: currentCall().trace.traceId }),
      refuse: async () => { throw new BackplaneError({ code: 'BP_TEST_REFUSED', status: 418, details: { why: 'tea' } }, 'No.'); },
    });
  },
});
`;

async function boot(isolation: Record<string, 'process'>): Promise<TestHost> {
  return createTestHost({
    isolation,
    prepare: async (folder) => {
      await mkdir(join(folder, 'plugins'));
      await writeFile(join(folder, 'plugins', 'shop.js'), consumer);
      await writeFile(join(folder, 'plugins', 'inventory.js'), provider('1.0.0'));
    },
  });
}

interface Bought {
  pid: number;
  trace: string;
  currency: string;
  stock: { sku: string; version: string; pid: number; trace: string };
}

const levels = {
  'both inline': {},
  'the consumer in a process': { shop: 'process' },
  'the provider in a process': { inventory: 'process' },
  'both in processes': { shop: 'process', inventory: 'process' },
} as const;

describe.each(Object.entries(levels))('one contract: %s', (_name, isolation: Record<string, 'process'>) => {
  it('serves routes, streams, service calls, errors, timers and hand-over alike', async () => {
    await using test = await boot(isolation);
    const get = async (path: string) => fetch(`${test.url}/shop${path}`);
    expect(test.start.plugins.map(({ name, state, reason }) => ({ name, phase: state.phase, reason }))).toEqual([
      { name: 'inventory', phase: 'running', reason: '' },
      { name: 'shop', phase: 'running', reason: '' },
    ]);

    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const bought = (await (await fetch(`${test.url}/shop/buy/book`, { headers: { traceparent } })).json()) as Bought;
    expect(bought).toMatchObject({ currency: 'EUR', stock: { sku: 'book', version: '1.0.0' } });
    expect([bought.trace, bought.stock.trace]).toEqual(Array(2).fill('0af7651916cd43dd8448eb211c80319c'));
    expect(bought.pid === process.pid).toBe(isolation.shop === undefined);
    expect(bought.stock.pid === process.pid).toBe(isolation.inventory === undefined);

    const streamed = new Uint8Array(await (await get('/stream')).arrayBuffer());
    expect(streamed.length).toBe(64 * 64 * 1024);
    expect([streamed[0], streamed.at(-1)]).toEqual([0, 63]);

    const refused = await get('/refused');
    expect(refused.status).toBe(418);
    expect(await refused.json()).toMatchObject({ code: 'BP_TEST_REFUSED', detail: 'No.' });
    expect(await (await get('/nothing')).json()).toMatchObject({ code: 'BP_HTTP_NOT_FOUND' });

    await writeFile(join(test.folder, 'plugins', 'inventory.js'), provider('1.1.0'));
    await test.host.reload('inventory');
    expect(((await (await get('/buy/book')).json()) as Bought).stock.version).toBe('1.1.0');

    const ticks = async () => ((await (await get('/ticks')).json()) as { ticks: number }).ticks;
    while ((await ticks()) < 3) await wait(10);
    const before = await ticks();
    await test.host.reload('shop');
    expect(await ticks()).toBeGreaterThanOrEqual(before);
    expect((await test.host.control.health('shop')).status).toBe('healthy');

    const client = new AbortController();
    const hanging = fetch(`${test.url}/shop/hang`, { signal: client.signal }).catch((error) => error.name);
    await wait(50);
    client.abort();
    expect(await hanging).toBe('AbortError');
  });
});

describe('a plugin in a process of its own', () => {
  it('takes nobody with it when it exits, and comes back by itself', async () => {
    await using test = await boot({ shop: 'process' });
    const first = (await (await fetch(`${test.url}/shop/buy/a`)).json()) as Bought;
    await fetch(`${test.url}/shop/exit`).then((response) => expect(response.status).toBeGreaterThanOrEqual(500));
    expect((await fetch(`${test.url}/ready`)).status).toBe(200);
    let answer = await fetch(`${test.url}/shop/buy/a`);
    for (let tries = 0; answer.status !== 200 && tries < 100; tries++) {
      expect(answer.status).toBeGreaterThanOrEqual(500);
      await wait(50);
      answer = await fetch(`${test.url}/shop/buy/a`);
    }
    const second = (await answer.json()) as Bought;
    expect(second.pid).not.toBe(first.pid);
    expect(test.host.control.pluginStatus('shop').history.map(({ phase }) => phase)).toContain('failed');
  });

  it('runs trust-pki unchanged, with keys that stay in the host', async () => {
    const source = join(import.meta.dirname, '..', 'plugins', 'trust-pki');
    await using test = await createTestHost({
      isolation: { 'trust-pki': 'process' },
      prepare: async (folder) => {
        await cp(source, join(folder, 'plugins', 'trust-pki'), {
          recursive: true,
          filter: (path) => !path.includes('node_modules'),
        });
      },
    });
    expect(test.start.plugins).toMatchObject([
      { name: 'trust-pki', level: 'process', reason: '', state: { phase: 'running' } },
    ]);
    const post = (path: string, body: object) =>
      fetch(`${test.url}/marty${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const document = Buffer.from('a document').toString('base64');
    const signed = (await (await post('/documents/sign', { document })).json()) as Record<string, string>;
    const { signature, key_id, algorithm } = signed;
    expect(await (await post('/documents/verify', { document, signature, key_id, algorithm })).json()).toMatchObject({
      valid: true,
    });
    const large = new Uint8Array(8 * 1024 * 1024).fill(7);
    const streamed = await fetch(`${test.url}/trust-pki/documents/sign?algorithm=ECDSA-SHA256`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: large,
    });
    expect(streamed.status).toBe(200);
  });
});

it('leaves no process behind when the host is killed while a plugin is read that loops at its top', async () => {
  await using host = await HostProcess.start({}, { flags: ['--isolation', 'looper=process'] });
  const said = join(host.folder, 'pid');
  await writePlugins(host.plugins, {
    'looper.ts': `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(said)}, String(process.pid));\nfor (;;);`,
  });
  const answer = host.reload('looper').catch(() => undefined);
  await expect.poll(() => existsSync(said) && readFileSync(said, 'utf8'), { timeout: 10_000 }).toMatch(/^\d+$/);
  const pid = Number(readFileSync(said, 'utf8'));
  expect(isAlive(pid)).toBe(true);
  host.process.kill('SIGKILL');
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  await answer;
});

it('finds a plugin to isolate by its alias, and a name that nobody bears is told', async () => {
  await using test = await createTestHost({
    isolation: { away: 'process', shopp: 'process' },
    prepare: async (folder) => {
      await mkdir(join(folder, 'plugins', 'inventory'), { recursive: true });
      await writeFile(join(folder, 'plugins', 'inventory', 'plugin.js'), provider('1.0.0'));
      await writeFile(
        join(folder, 'plugins', 'inventory', 'plugin.yaml'),
        'name: inventory\nversion: "1.0.0"\naliases: [away]\n',
      );
    },
  });
  expect(test.start.plugins).toMatchObject([{ name: 'inventory', level: 'process', reason: '' }]);
  const warnings = test.log.filter((line) => line.includes('"warn"'));
  expect(warnings).toEqual([expect.stringContaining('plugin \\"shopp\\", which is not there')]);
});

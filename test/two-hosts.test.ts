import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createTestHost, type TestHost } from '@backplane/testing';
import { type PostgresServer, startPostgres } from '@backplane/testing/postgres-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ask, apiOf } from './testing/api-client.ts';
import { orders, sells } from './testing/api-plugins.ts';
import { backplane } from './testing/command.ts';
import { writePlugins } from './testing/plugin-files.ts';

const MASTER_KEY = randomBytes(32).toString('hex');
let server: PostgresServer;
let folder: string;

beforeAll(async () => {
  server = await startPostgres();
  folder = await mkdtemp(join(tmpdir(), 'backplane-two-'));
  await writePlugins(join(folder, 'plugins'), { 'orders/plugin.ts': orders, 'shop/plugin.ts': sells('shop') });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A host that shares a database with others; its folders are its own. */
const start = (node: string, databaseUrl: string) =>
  createTestHost({
    pluginPaths: [join(folder, 'plugins')],
    configDir: join(folder, 'config'),
    masterKey: MASTER_KEY,
    databaseUrl,
    node,
  });

const timeoutOf = async ({ url }: TestHost) => (await (await fetch(`${url}/orders/`)).json()) as { timeout: number };

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('It does not come to pass.');
}

describe('two hosts on one PostgreSQL', () => {
  it('run what either of them was told, secrets too, and have one history', async () => {
    const url = await server.database();
    await using a = await start('a', url);
    await using b = await start('b', url);
    const [askA, askB] = [apiOf(a), apiOf(b)];
    await askA('PUT', '/plugins/orders/config', { config: { timeout: 60, token: 'secret' } });
    await until(async () => (await timeoutOf(b)).timeout === 60);
    expect(await timeoutOf(b)).toMatchObject({ timeout: 60, knows: 6 });
    await askB('POST', '/plugins/shop/disable');
    await until(async () => (await fetch(`${a.url}/shop/`)).status === 503);
    const { body } = await askA('GET', '/admin/revisions');
    expect(body.items.map(({ revision }: { revision: number }) => revision)).toEqual([2, 1]);
    expect((await askA('GET', '/admin/state')).body).toMatchObject({ revision: 2, behind: null });
    for (const ask of [askA, askB]) expect((await ask('POST', '/admin/audit/verify')).body).toMatchObject({ ok: true });
  });

  it('lose no change of each other, and refuse what was made for an older state', async () => {
    const url = await server.database();
    await using a = await start('a', url);
    await using b = await start('b', url);
    const [askA, askB] = [apiOf(a), apiOf(b)];
    const set = (ask: Ask, key: string, value: unknown) => ask('PUT', `/plugins/orders/config/${key}`, { value });
    await askA('PUT', '/plugins/orders/config', { config: { timeout: 1, region: 'eu' } });
    const rounds = 15;
    const [ofA, ofB] = await Promise.all([
      (async () => {
        const statuses: number[] = [];
        for (let round = 1; round <= rounds; round++) statuses.push((await set(askA, 'timeout', 100 + round)).status);
        return statuses;
      })(),
      (async () => {
        const statuses: number[] = [];
        for (let round = 1; round <= rounds; round++) statuses.push((await set(askB, 'region', `r${round}`)).status);
        return statuses;
      })(),
    ]);
    expect(new Set([...ofA, ...ofB])).toEqual(new Set([200]));
    const last = { timeout: 100 + rounds, region: `r${rounds}` };
    const knows = async (test: TestHost) => isDeepStrictEqual(await timeoutOf(test), { ...last, knows: 0 });
    for (const test of [a, b]) await until(() => knows(test));
    const { body } = await askA('GET', '/admin/revisions?limit=200');
    expect(body.items).toHaveLength(2 * rounds + 1);

    const { headers } = await askA('GET', '/plugins/orders');
    const seen = { 'if-match': headers.get('etag') as string };
    const both = await Promise.all(
      [askA, askB].map((ask, index) => ask('PUT', '/plugins/orders/config/timeout', { value: index }, seen)),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it('tell where one of them cannot run what the other was told, and it runs on as before', async () => {
    const url = await server.database();
    await using a = await start('a', url);
    await using b = await createTestHost({
      pluginPaths: [join(folder, 'plugins')],
      masterKey: MASTER_KEY,
      databaseUrl: url,
      node: 'b',
      prepare: (own) => writePlugins(own, { 'config/plugins/orders.yaml': 'default:\n  smtp:\n    host: mail\n' }),
    });
    await writePlugins(join(folder, 'offered'), { 'guest/plugin.ts': sells('guest') });
    await apiOf(a)('POST', '/plugins/install', { source: join(folder, 'offered', 'guest') });
    expect(await (await fetch(`${a.url}/guest/`)).text()).toBe('guest 1.0.0');
    await until(async () => (await apiOf(b)('GET', '/admin/state')).body.behind !== null);
    expect((await apiOf(b)('GET', '/admin/state')).body.behind).toMatchObject({ revision: 1 });
    expect(b.log.some((line) => line.includes('does not run on this host'))).toBe(true);
    expect((await timeoutOf(b)).timeout).toBe(30);
  });
});

describe('two hosts on one folder', () => {
  it('are one: the second is refused, with the number of the process that has it, and disturbs nothing', async () => {
    await using first = await createTestHost({
      prepare: (own) => writePlugins(own, { 'plugins/orders/plugin.ts': orders }),
    });
    const second = createTestHost({ dataDir: join(first.folder, 'data') });
    await expect(second).rejects.toMatchObject({ code: 'BP_STORE_IN_USE' });
    const env = { ...process.env, BACKPLANE_DATA_DIR: join(first.folder, 'data'), BACKPLANE_PORT: '1' };
    const command = await backplane(['config', 'history'], { cwd: first.folder, env });
    expect(`${command.out}${command.err}`).toContain(String(process.pid));
    expect(command.code).not.toBe(0);
    expect((await apiOf(first)('PUT', '/plugins/orders/config', { config: { timeout: 9 } })).status).toBe(200);
  });
});

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import { expect, it } from 'vitest';
import { type ApiResponse, apiOf } from './testing/api-client.ts';
import { orders, sells } from './testing/api-plugins.ts';
import { writePlugins } from './testing/plugin-files.ts';
import { mountSmallDisk } from './testing/small-disk.ts';

const ledger = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'ledger', version: '1.0.0',
  migrations: [{ name: '1', up: 'CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)' }],
  initialize({ database, http }) {
    http.routes((app) => {
      app.get('/', async () => (await database.queryOne('SELECT count(*) AS n FROM rows')).n);
      app.post('/', async () => ({ id: await database.insert('rows', { text: 'x'.repeat(20000) }) }));
    });
  },
});`;

const files = {
  'plugins/orders/plugin.ts': orders,
  'plugins/ledger/plugin.ts': ledger,
  'offered/guest/plugin.ts': sells('guest'),
  'offered/guest/data.bin': 'x'.repeat(3 << 20),
};

const start = (dataDir: string, folder?: string) =>
  createTestHost({
    prepare: (own) => writePlugins(own, files),
    dataDir,
    ...(folder !== undefined && { pluginPaths: [join(folder, 'plugins')] }),
  });

/** Asks until it is refused. */
async function untilRefused(ask: (count: number) => Promise<ApiResponse>) {
  for (let count = 1; count <= 2000; count++) {
    const answer = await ask(count);
    if (answer.status >= 300) return { answer, acknowledged: count - 1 };
  }
  throw new Error('The disk does not become full.');
}

const rowsOf = async (test: TestHost) => Number(await (await fetch(`${test.url}/ledger/`)).text());

it('is told where the disk is full, does nothing by halves, serves on, and goes on when there is room', async ({
  skip,
}) => {
  using disk = mountSmallDisk(16);
  if (disk === undefined) return skip('Only root may mount a small disk.');
  const dataDir = join(disk.folder, 'data');
  {
    await using test = await start(dataDir);
    const ask = apiOf(test);
    await ask('PUT', '/plugins/orders/config', { config: { timeout: 1 } });
    const insert = async (): Promise<ApiResponse> => {
      const response = await fetch(`${test.url}/ledger/`, { method: 'POST' });
      return { status: response.status, headers: response.headers, body: await response.json() };
    };
    await insert();
    disk.fill();

    const long = 'x'.repeat(3000);
    const set = (count: number) => ask('PUT', '/plugins/orders/config', { config: { timeout: count, region: long } });
    const { answer, acknowledged } = await untilRefused(set);
    expect(answer).toMatchObject({ status: 507, body: { code: 'BP_STORE_FULL' } });
    const before = await ask('GET', '/admin/revisions?limit=1');
    expect(await (await fetch(`${test.url}/orders/`)).json()).toMatchObject({ timeout: Math.max(acknowledged, 1) });
    expect((await set(acknowledged + 1)).body).toMatchObject({ code: 'BP_STORE_FULL' });
    expect((await ask('GET', '/admin/revisions?limit=1')).body.current).toBe(before.body.current);

    const rows = await untilRefused(insert);
    expect(rows.answer).toMatchObject({ status: 507, body: { code: 'BP_STORE_FULL' } });
    expect(await rowsOf(test)).toBe(rows.acknowledged + 1);

    const template = (count: number) => ({ name: `t-${count}`, files: { 'a.ts': long } });
    const templates = await untilRefused((count) => ask('POST', '/plugins/templates', template(count)));
    expect(templates.answer).toMatchObject({ status: 507, body: { code: 'BP_STORE_FULL' } });
    expect((await ask('GET', '/plugins/templates?limit=200')).body.items).toHaveLength(templates.acknowledged);

    const install = await ask('POST', '/plugins/install', { source: join(test.folder, 'offered', 'guest') });
    expect(install).toMatchObject({ status: 507, body: { code: expect.stringMatching(/^BP_/) } });
    expect(await readdir(join(dataDir, 'installed')).catch(() => [])).toEqual([]);

    disk.free();
    expect((await set(acknowledged + 1)).status).toBe(200);
    expect((await insert()).status).toBe(200);
    expect(await rowsOf(test)).toBe(rows.acknowledged + 2);
    expect((await ask('POST', '/plugins/install', { source: join(test.folder, 'offered', 'guest') })).status).toBe(201);
    expect((await ask('POST', '/admin/audit/verify')).body).toMatchObject({ ok: true });
  }
  {
    await using again = await start(dataDir);
    expect(again.host.status().map(({ name, state }) => `${name} ${state.phase}`)).toEqual([
      'guest running',
      'ledger running',
      'orders running',
    ]);
  }
});

it('does not start on a full disk, says so, and starts when there is room', async ({ skip }) => {
  using disk = mountSmallDisk(8);
  if (disk === undefined) return skip('Only root may mount a small disk.');
  const dataDir = join(disk.folder, 'data');
  disk.fill();
  await expect(start(dataDir)).rejects.toMatchObject({ code: expect.stringMatching(/^BP_/) });
  disk.free();
  await using test = await start(dataDir);
  expect((await apiOf(test)('GET', '/plugins/stats')).status).toBe(200);
});

import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiOf } from './testing/api-client.ts';
import { orders, sells } from './testing/api-plugins.ts';
import { writePlugins } from './testing/plugin-files.ts';

const ledger = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'ledger', version: '1.0.0',
  migrations: [{ name: '1', up: 'CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)' }],
  initialize({ database, http }) {
    http.routes((app) => {
      app.get('/', async () => (await database.queryOne('SELECT count(*) AS n FROM rows')).n);
      app.post('/', async () => ({ id: await database.insert('rows', { text: 'x' }) }));
    });
  },
});`;

let folder: string;
/** The data of a host that has stopped, with all that it is about. */
let sound: string;
/** Where copies of it are damaged. */
let data: string;

const start = () =>
  createTestHost({
    pluginPaths: [join(folder, 'plugins')],
    configDir: join(folder, 'config'),
    dataDir: data,
    allowLeaks: true,
  });

const states = (test: TestHost) => test.host.status().map(({ name, state }) => `${name} ${state.phase}`);

async function expectWhole(): Promise<void> {
  await using test = await start();
  expect(states(test)).toEqual(['guest running', 'ledger running', 'orders running']);
  expect(await (await fetch(`${test.url}/orders/`)).json()).toMatchObject({ timeout: 7, knows: 6 });
  expect(await (await fetch(`${test.url}/ledger/`)).text()).toBe('1');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backplane-damaged-'));
  sound = join(folder, 'sound');
  data = join(folder, 'data');
  await writePlugins(folder, {
    'plugins/orders/plugin.ts': orders,
    'plugins/ledger/plugin.ts': ledger,
    'offered/guest/plugin.ts': sells('guest'),
  });
  {
    await using test = await start();
    const ask = apiOf(test);
    await ask('PUT', '/plugins/orders/config', { config: { timeout: 7, token: 'secret' } });
    await ask('POST', '/plugins/install', { source: join(folder, 'offered', 'guest') });
    await fetch(`${test.url}/ledger/`, { method: 'POST' });
  }
  await cp(data, sound, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

type Damage = 'empty' | 'half' | 'noise' | 'folder' | 'gone';

async function damaged(file: string, damage: Damage): Promise<() => Promise<Buffer | undefined>> {
  await rm(data, { recursive: true, force: true });
  await cp(sound, data, { recursive: true });
  const path = join(data, file);
  const bytes = await readFile(path);
  if (damage === 'empty') await truncate(path, 0);
  if (damage === 'half') await truncate(path, Math.floor(bytes.length / 2));
  if (damage === 'noise') await writeFile(path, bytes.fill(0x5a, Math.floor(bytes.length / 8)));
  if (damage === 'folder' || damage === 'gone') await rm(path);
  if (damage === 'folder') await mkdir(path);
  return () => readFile(path).catch(() => undefined);
}

async function putBack(file: string): Promise<void> {
  await rm(join(data, file), { recursive: true, force: true });
  await cp(join(sound, file), join(data, file));
}

/** By the end of its name, as some lie in folders that have numbers. */
async function find(end: string): Promise<string> {
  const entries = await readdir(sound, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => relative(sound, join(entry.parentPath, entry.name)));
  return paths.find((path) => path.endsWith(end)) as string;
}

describe('a file of the host that is damaged', () => {
  it.each<[string, Damage, string]>([
    ['master.key', 'empty', 'BP_MASTER_KEY_INVALID'],
    ['master.key', 'half', 'BP_MASTER_KEY_INVALID'],
    ['master.key', 'noise', 'BP_MASTER_KEY_INVALID'],
    ['master.key', 'folder', 'BP_PRIVATE_FILE_UNUSABLE'],
    ['master.key', 'gone', 'BP_KEY_GONE'],
    ['keys/store.key', 'empty', 'BP_SECRET_SEALED'],
    ['keys/store.key', 'half', 'BP_SECRET_SEALED'],
    ['keys/store.key', 'noise', 'BP_SECRET_SEALED'],
    ['keys/store.key', 'folder', 'BP_PRIVATE_FILE_UNUSABLE'],
    ['keys/store.key', 'gone', 'BP_KEY_GONE'],
    ['store.db', 'empty', 'BP_STORE_MISSING'],
    ['store.db', 'half', 'BP_STORE_DAMAGED'],
    ['store.db', 'noise', 'BP_STORE_DAMAGED'],
    ['store.db', 'folder', 'BP_STORE_UNUSABLE'],
    ['store.db', 'gone', 'BP_STORE_MISSING'],
    ['audit.pem', 'empty', 'BP_KEY_FILE_BROKEN'],
    ['audit.pem', 'noise', 'BP_KEY_FILE_BROKEN'],
    ['audit.pem', 'folder', 'BP_PRIVATE_FILE_UNUSABLE'],
    ['heads.jsonl', 'folder', 'BP_AUDIT_NOT_ANCHORED'],
  ])('%s, %s, keeps it from starting with %s, and is left as it is', async (name, damage, code) => {
    const file = await find(name);
    const now = await damaged(file, damage);
    const before = await now();
    const failure = await start().then(
      () => undefined,
      (error) => error,
    );
    expect(failure).toMatchObject({ code });
    expect(failure.message).toContain(join(data, file));
    expect(await now()).toEqual(before);
    await putBack(file);
    await expectWhole();
  });

  it.each<[string, Damage]>([
    ['heads.jsonl', 'empty'],
    ['heads.jsonl', 'half'],
    ['heads.jsonl', 'noise'],
    ['heads.jsonl', 'gone'],
    ['audit.pem', 'gone'],
  ])('%s, %s, is found by whoever verifies the audit trail', async (name, damage) => {
    await damaged(await find(name), damage);
    await using test = await start();
    expect(states(test)).toEqual(['guest running', 'ledger running', 'orders running']);
    expect((await apiOf(test)('POST', '/admin/audit/verify')).body).toMatchObject({ ok: false });
  });

  it.each<[string, Damage, string, string]>([
    ['plugins/ledger.db', 'empty', 'ledger failed', 'BP_STORE_MISSING'],
    ['plugins/ledger.db', 'half', 'ledger failed', 'BP_STORE_DAMAGED'],
    ['plugins/ledger.db', 'noise', 'ledger failed', 'BP_STORE_DAMAGED'],
    ['plugins/ledger.db', 'folder', 'ledger failed', 'BP_STORE_UNUSABLE'],
    ['plugins/ledger.db', 'gone', 'ledger failed', 'BP_STORE_MISSING'],
    ['plugin-ledger.key', 'half', 'ledger failed', 'it was changed, or belongs elsewhere'],
    ['plugin-ledger.key', 'gone', 'ledger failed', 'BP_KEY_GONE'],
    ['guest/plugin.ts', 'empty', 'guest refused', 'BP_PLUGIN_EXPORT_MISSING'],
    ['guest/plugin.ts', 'half', 'guest refused', 'BP_PLUGIN_SYNTAX'],
    ['guest/plugin.ts', 'gone', 'guest refused', 'is not in'],
  ])('%s, %s, keeps one plugin down, and the others run', async (name, damage, state, code) => {
    const file = await find(name);
    const now = await damaged(file, damage);
    const before = await now();
    {
      await using test = await start();
      expect(states(test).filter((one) => !one.endsWith('running'))).toEqual([state]);
      const [plugin = ''] = state.split(' ');
      const failure = test.host.control.pluginStatus(plugin).state;
      expect(JSON.stringify(failure)).toContain(code);
      if (code !== 'BP_STORE_MISSING' && damage !== 'gone') expect(await now()).toEqual(before);
    }
    await putBack(file);
    await expectWhole();
  });

  it('is made anew where it only saves time', async () => {
    for (const damage of ['empty', 'half', 'noise', 'gone'] as const) {
      await damaged(await find('.bundle'), damage);
      await expectWhole();
    }
  });
});

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createTestHost } from '@backplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The plugin files printed in the guide, by the name each gives its plugin. */
async function pluginsOfGuide(): Promise<Map<string, string>> {
  const guide = await readFile(join(root, 'docs/plugin-guide.md'), 'utf8');
  const files = new Map<string, string>();
  for (const [, text = ''] of guide.matchAll(/^```ts\n(.*?)^```$/gms)) {
    const name = /name: '([a-z-]+)',\s+version:/.exec(text)?.[1];
    if (name !== undefined) files.set(name, text);
  }
  return files;
}

describe('the plugins printed in the guide', () => {
  let folder: string;
  let files: Map<string, string>;

  beforeAll(async () => {
    files = await pluginsOfGuide();
    folder = await mkdtemp(join(tmpdir(), 'backplane-guide-'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    await mkdir(join(folder, 'plugins'));
    for (const [name, text] of files) await writeFile(join(folder, 'plugins', `${name}.ts`), text);
    expect(files.size).toBeGreaterThan(7);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('compile', async () => {
    const config = {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: { noEmit: true, typeRoots: [join(root, 'node_modules/@types')] },
      include: ['plugins'],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const compiled = promisify(execFile)(process.execPath, [compiler, '-p', folder]).catch((error) => error);
    expect((await compiled).stdout).toBe('');
  });

  it('run, and do what is said of them', async () => {
    await using test = await createTestHost({ pluginPaths: [join(folder, 'plugins')] });
    expect(test.start.plugins.map(({ name, state }) => `${name} ${state.phase}`)).toEqual(
      [...files.keys()].sort().map((name) => `${name} running`),
    );
    const get = async (path: string, init?: RequestInit) => (await fetch(test.url + path, init)).text();
    expect(JSON.parse(await get('/forecast/Rome'))).toEqual({ degrees: 4 });
    expect(JSON.parse(await get('/quotes/tulip'))).toEqual({ sku: 'tulip', cents: 950 });
    expect(JSON.parse(await get('/quotes/rose'))).toEqual({ sku: 'rose', cents: 1000 });
    expect(await get('/lines/numbers')).toBe('1\n2\n3\n');
    const placed = await fetch(`${test.url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{ "items": ["tea", "milk"] }',
    });
    const list = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[]' };
    expect((await fetch(`${test.url}/orders`, list)).status).toBe(422);
    expect([placed.status, placed.headers.get('location')]).toEqual([201, '/orders/1']);
    expect(JSON.parse(await get('/orders/1?first=1'))).toEqual({ id: '1', items: ['tea'] });
    expect((await fetch(`${test.url}/orders/%31`, { method: 'DELETE' })).status).toBe(401);
    expect(JSON.parse(await get('/ledger/ada/bob/5', { method: 'POST' }))).toEqual({ id: 2 });
    expect(JSON.parse(await get('/ledger/ada'))).toEqual([{ id: 1, amount: -5 }]);
    expect(JSON.parse(await get('/ledger/bob/sum'))).toEqual({ sum: 5 });
    const body = new Uint8Array(3 * 1024 * 1024);
    const octets = { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body };
    expect(JSON.parse(await get('/lines/digest', octets)).sha256).toHaveLength(64);
    const numbers = await fetch(`${test.url}/lines/numbers`);
    expect(numbers.headers.get('content-encoding')).toBe('gzip');
    expect(numbers.headers.get('x-content-type-options')).toBe('nosniff');
    expect(test.log.some((line) => line.includes('"valid":true'))).toBe(true);

    const events = await fetch(`${test.url}/lines/ticks`, { headers: { 'accept-encoding': 'identity' } });
    const socket = new WebSocket(`${test.url.replace('http', 'ws')}/lines/echo`);
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('open', resolve));
    await test.host.reload('lines');
    expect(await closed).toBe(1012);
    expect(await events.text()).toContain('retry: 1000');
  });
});

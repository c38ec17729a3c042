import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toolEnv } from '../../tools/child-env.mjs';
import { root, trackedFiles } from '../repository/tracked-files.ts';
import { RunningHost } from './running-host.ts';

const execute = promisify(execFile);
const npm = (cwd: string, ...args: string[]) =>
  execute('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, env: toolEnv() });

const pluginSource = (greeting: string): string => `
import { definePlugin } from '@backplane/plugin-api';

interface Greeting { readonly greeting: string }

export default definePlugin({
  name: 'greeter',
  version: '1.0.0',
  initialize({ http }) {
    const answer: Greeting = { greeting: '${greeting}' };
    http.routes((app) => {
      app.get('/hello', async () => answer);
    });
  },
});
`;

let folder = '';
let project = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backplane-outside-'));
  project = join(folder, 'project');
  const tarballs = join(folder, 'tarballs');
  await mkdir(tarballs);
  await mkdir(join(project, 'plugins/greeter'), { recursive: true });
  const packed = trackedFiles('packages/*/package.json').map((file) => `./${file.replace('/package.json', '')}`);
  await npm(root, 'pack', ...packed, '--pack-destination', tarballs);

  // Each tarball stands for its package wherever another one asks for it: none of them is in a registry.
  const dependencies: Record<string, string> = {};
  for (const file of await readdir(tarballs)) {
    dependencies[`@backplane/${file.replace(/^backplane-(.+)-\d+\.\d+\.\d+\.tgz$/, '$1')}`] =
      `file:${join(tarballs, file)}`;
  }
  expect(Object.keys(dependencies)).toHaveLength(packed.length);
  const manifest = { name: 'outside', private: true, type: 'module', dependencies, overrides: dependencies };
  await writeFile(join(project, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(project, 'plugins/greeter/plugin.ts'), pluginSource('hello'));
  await npm(project, 'install', '--prefer-offline');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it('runs, reloads and stops in a project that only has the packed packages', async () => {
  // npx gives its signals to the shell that it runs a command in; with `exec` that shell is the command.
  const args = ['--no-install', '-c', 'exec backplane start --port 0 --plugins ./plugins --data ./data'];
  await using host = await RunningHost.start({ command: 'npx', args, cwd: project });

  expect((await fetch(`${host.url}/ready`)).status).toBe(200);
  const ask = async () => (await fetch(`${host.url}/greeter/hello`)).json();
  expect(await ask()).toEqual({ greeting: 'hello' });
  const described = (await (await fetch(`${host.url}/api/v1/openapi.json`)).json()) as { paths: object };
  expect(described.paths).toHaveProperty(['/greeter/hello', 'get']);
  expect(await (await fetch(`${host.url}/api/v1/docs/page.js`)).text()).toContain('openapi.json');

  await writeFile(join(project, 'plugins/greeter/plugin.ts'), pluginSource('good evening'));
  const token = (await readFile(join(project, 'data/admin.token'), 'utf8')).trim();
  const reload = (authorization: string) =>
    fetch(`${host.url}/plugins/greeter/reload`, { method: 'POST', headers: { authorization } });
  expect((await reload('Bearer wrong')).status).toBe(401);
  expect(await ask()).toEqual({ greeting: 'hello' });
  const reloaded = await reload(`Bearer ${token}`);
  expect([reloaded.status, await reloaded.text()]).toEqual([200, expect.any(String)]);
  expect(await ask()).toEqual({ greeting: 'good evening' });

  host.signal('SIGTERM');
  expect(await host.ended()).toBe(0);
});

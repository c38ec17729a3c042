import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startShop } from './testing/api-plugins.ts';
import { backplane } from './testing/command.ts';
import { writePlugins } from './testing/plugin-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backplane-doctor-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const env = { BACKPLANE_PORT: '0' };
const doctor = (...args: string[]) => backplane(['doctor', ...args], { cwd: folder, env });

it('finds nothing wrong where no host ever ran, and makes nothing', async () => {
  await mkdir(join(folder, 'plugins'));
  const { code, out } = await doctor();
  expect(out).toContain('Nothing is wrong.');
  expect(code).toBe(0);
  expect(existsSync(join(folder, 'data'))).toBe(false);
});

it('names everything that is wrong at once, each with what to do', async () => {
  await writePlugins(folder, {
    'plugins/orders.js':
      "import { definePlugin } from '@backplane/plugin-api'; export default definePlugin({ name: 'orders', version: '1.0.0', config: { timeout: { type: 'number' } } });",
    'config/plugins/orders.yaml': 'default:\n  timeout: long\n',
  });
  await mkdir(join(folder, 'data', 'database'), { recursive: true });
  await writeFile(join(folder, 'data', 'master.key'), 'password', { mode: 0o600 });
  await writeFile(join(folder, 'data', 'admin.token'), 'a-token-of-some-length', { mode: 0o600 });
  await chmod(join(folder, 'data', 'admin.token'), 0o644);
  const { code, out } = await doctor('--plugins', 'plugins', '--plugins', 'nowhere');
  expect(code).toBe(1);
  expect(out).toMatch(/Others may read .*admin\.token[\s\S]*chmod 600/);
  expect(out).toMatch(/nowhere is not there/);
  expect(out).toMatch(/orders\.yaml:2:\d+: .*number/);
  expect(out).toMatch(/master key .* is refused|BP_PRIVATE_FILE|has mode/);
  expect(out).not.toContain('password');
  const json = JSON.parse((await doctor('--json')).out);
  expect(json.checks.map(({ check }: { check: string }) => check)).toContain('Database');
});

it('asks the host that runs, and counts warnings where that is wanted', async () => {
  await using test = await startShop({ 'broken/plugin.ts': "throw new Error('No.');" });
  const flags = ['--url', test.url, '--data', join(test.folder, 'data'), '--plugins', join(test.folder, 'plugins')];
  const run = (...more: string[]) =>
    backplane(['doctor', ...flags, ...more], {
      cwd: folder,
      env: { BACKPLANE_ADMIN_TOKEN: test.management.authorization?.replace('Bearer ', '') },
    });
  const { out } = await run();
  expect(out).toMatch(/A host runs 1 of 2 plugins/);
  expect(out).toMatch(/Plugin "broken" is refused\.[\s\S]*backplane plugin why broken/);
  expect((await run('--strict')).code).toBe(1);
});

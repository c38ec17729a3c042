import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const command = fileURLToPath(new URL('../packages/cli/bin/backplane.js', import.meta.url));
const run = (...args: string[]) => spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });

it('tells its version', () => {
  const { stdout, status } = run('--version');
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(status).toBe(0);
});

it('refuses an address that is none as a wrong call', () => {
  const { stderr, status } = run('plugin', 'list', '--url', 'localhost:18081');
  expect(stderr).toContain('such as http://127.0.0.1:8080');
  expect(status).toBe(2);
});

it('ends quietly when nobody reads on', async () => {
  const child = spawn(process.execPath, [command, 'config', 'schema', '--no-packages', '--plugins', 'plugins'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect(errors).toBe('');
  expect(code).toBe(0);
});

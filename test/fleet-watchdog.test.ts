import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { isAlive } from './testing/is-alive.ts';

const RUN = fileURLToPath(new URL('../fleet/run.ts', import.meta.url));

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);

it('a fleet whose host hangs comes to an end, says so, and leaves no process behind', {
  timeout: 120_000,
}, async () => {
  const args = ['--seconds', '60', '--seed', '1', '--neighbours', '2', '--visitors', '3', '--patience', '3'];
  const run = spawn(process.execPath, [...process.execArgv, RUN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(run, 'close');
  let said = '';
  run.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  await expect.poll(() => said, { timeout: 60_000 }).toContain('plugins serve');
  const [host] = childrenOf(run.pid as number);
  process.kill(host as number, 'SIGSTOP');
  const [code] = await ended;
  expect(code).toBe(1);
  expect(said).toMatch(/did not answer|Timeout|no answer/);
  expect(said).toContain('Again: npm run fleet -- --seed 1');
  expect(isAlive(host as number)).toBe(false);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sleep, systemClock } from '@backplane/base';
import { describe, expect, it } from 'vitest';
import { isAlive } from './testing/is-alive.ts';

const hostEntry = fileURLToPath(new URL('./testing/host-entry.fixture.ts', import.meta.url));

async function startHost(mode: 'idle' | 'loop') {
  const host = spawn(process.execPath, ['--conditions=backplane-source', hostEntry, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(host.stdout), 'line');
  return { host, ...(JSON.parse(String(line)) as { pid: number; socketPath: string }) };
}

/** Waits for something that no event tells: the end of a process that is nobody's child any more. */
async function until(condition: () => boolean, limitMs: number): Promise<boolean> {
  const limit = performance.now() + limitMs;
  while (!condition() && performance.now() < limit) await sleep(systemClock, 20);
  return condition();
}

describe('a host that is killed', () => {
  it('leaves no process and no socket behind', async () => {
    const { host, pid, socketPath } = await startHost('idle');
    expect(isAlive(pid)).toBe(true);
    host.kill('SIGKILL');
    expect(await until(() => !isAlive(pid), 3000)).toBe(true);
    expect(existsSync(dirname(socketPath))).toBe(false);
  });

  it('leaves no process behind when the plugin is in an endless loop', async () => {
    const { host, pid, socketPath } = await startHost('loop');
    host.kill('SIGKILL');
    expect(await until(() => !isAlive(pid), 5000)).toBe(true);
    expect(existsSync(dirname(socketPath))).toBe(false);
  });

  it('ends its child when it likes: a signal to the whole group does not', async () => {
    const { host, pid } = await startHost('idle');
    process.kill(pid, 'SIGTERM');
    process.kill(pid, 'SIGINT');
    await sleep(systemClock, 100);
    expect(isAlive(pid)).toBe(true);
    host.kill('SIGKILL');
    expect(await until(() => !isAlive(pid), 3000)).toBe(true);
  });
});

import { fileURLToPath } from 'node:url';
import { systemClock } from '@backplane/base';
import { afterEach, describe, expect, it } from 'vitest';
import { createProcessUnit } from './process-unit.ts';
import { createFakeHost, probeData } from './testing/fake-host.ts';
import { isAlive } from './testing/is-alive.ts';
import { WaitingProcess } from './waiting-process.ts';

const file = (name: string) => new URL(`./testing/${name}`, import.meta.url);
const child = {
  childEntry: file('child-entry.fixture.ts'),
  execArgv: ['--conditions=backplane-source'],
  env: {},
  clock: systemClock,
};
const describing = { limitMs: 20_000, unanswered: (reason: string) => new Error(`unanswered: ${reason}`) };
const started: WaitingProcess[] = [];

function start(idleMs?: number): WaitingProcess {
  const waiting = new WaitingProcess({ ...child, plugin: 'probe', ...(idleMs !== undefined && { idleMs }) });
  started.push(waiting);
  return waiting;
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((waiting) => waiting.end()));
});

const describedBy = async (waiting: WaitingProcess, payload: string) =>
  (await waiting.describe(payload, describing)) as { readonly pid: number; readonly payload: string };

describe('a process that has read its plugin', () => {
  it('becomes the first instance of it, with what it has printed; the second gets one of its own', async () => {
    const waiting = start();
    const { pid, payload } = await describedBy(waiting, 'the plugin');
    expect(payload).toBe('the plugin');
    const entry = { path: fileURLToPath(file('probe.fixture.ts')) };
    const unit = createProcessUnit({ ...child, data: probeData(), digest: 'd', origin: 'probe', entry, waiting });
    const fakes = [createFakeHost(), createFakeHost()] as const;
    const drivers = fakes.map(({ host }) => unit.create(host));
    try {
      for (const driver of drivers) await driver.initialize();
      expect((await fakes[0].line('read the plugin')).fields.pid).toBe(pid);
      expect(waiting.waits).toBe(false);
      // Closing what is taken ends nothing.
      await unit.ledger?.close(() => {});
      expect(isAlive(pid)).toBe(true);
      expect(await drivers[1]?.health()).toMatchObject({ healthy: true });
    } finally {
      await Promise.all(drivers.map((driver) => driver.dispose()));
    }
    expect(isAlive(pid)).toBe(false);
  });

  it('is ended with the code that nobody needs, and when nobody has taken it in time', async () => {
    const unneeded = start();
    const { pid } = await describedBy(unneeded, 'a');
    const entry = { path: '/nowhere' };
    const unit = createProcessUnit({ ...child, data: probeData(), digest: 'd', origin: '', entry, waiting: unneeded });
    expect(await unit.ledger?.close(() => {})).toEqual([]);
    expect(isAlive(pid)).toBe(false);
    expect(unneeded.take()).toBeUndefined();

    const idle = start(20);
    const { pid: other } = await describedBy(idle, 'b');
    await expect.poll(() => isAlive(other), { timeout: 5000 }).toBe(false);
    expect(idle.take()).toBeUndefined();
  });

  it('cannot be taken when it has died', async () => {
    const waiting = start();
    const { pid } = await describedBy(waiting, 'a');
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => waiting.waits).toBe(false);
    expect(waiting.take()).toBeUndefined();
  });
});

describe('a process that does not say what it has read', () => {
  it('throws what it throws there', async () => {
    await expect(start().describe('throw', describing)).rejects.toMatchObject({
      name: 'RangeError',
      message: 'no such plugin',
    });
  });

  it('is told apart when it ends, and when it is in an endless loop, which is broken off', async () => {
    await expect(start().describe('exit', describing)).rejects.toThrow('unanswered: it ended with code 3');
    const looping = start();
    await expect(looping.describe('loop', { ...describing, limitMs: 300 })).rejects.toThrow('not done after 300 ms');
    expect(looping.waits).toBe(false);
  });
});

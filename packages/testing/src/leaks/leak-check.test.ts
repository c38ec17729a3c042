import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import fs from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { expectNoLeaks, watchLeaks } from './leak-check.ts';

const HERE = /leak-check\.test\.ts:\d+:\d+/;
const QUICK = { endingMs: 100 };
const FOREVER = 'setInterval(() => {}, 1000)';

/** Undoes what a test has left on purpose: the whole file is checked, too. */
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function listening(): Promise<net.Server> {
  const server = net.createServer().listen(0, '127.0.0.1');
  undo.push(() => server.close());
  await once(server, 'listening');
  return server;
}

const LEAKS: Record<string, () => unknown> = {
  timer() {
    const timer = setInterval(() => {}, 1000).unref();
    undo.push(() => clearInterval(timer));
  },
  server: listening,
  async connection() {
    const server = await listening();
    const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
    undo.push(() => socket.destroy());
    await Promise.all([once(socket, 'connect'), once(server, 'connection')]);
    server.close();
  },
  async 'UDP socket'() {
    const socket = createSocket('udp4');
    undo.push(() => socket.close());
  },
  async 'child process'() {
    const child = spawn(process.execPath, ['-e', FOREVER]);
    undo.push(() => child.kill() && once(child, 'exit'));
    await once(child, 'spawn');
  },
  async thread() {
    const thread = new Worker(FOREVER, { eval: true });
    undo.push(() => thread.terminate());
    await once(thread, 'online');
  },
  'file watcher'() {
    const watcher = fs.watch(import.meta.dirname);
    undo.push(() => watcher.close());
  },
  async 'open file'() {
    const file = await open(import.meta.filename);
    undo.push(() => file.close());
  },
  'listener of the process for "SIGUSR2"'() {
    const listener = () => {};
    process.on('SIGUSR2', listener);
    undo.push(() => process.off('SIGUSR2', listener));
  },
  async folder() {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-leak-check-'));
    undo.push(() => rm(folder, { recursive: true }));
  },
};

describe('the leak check', () => {
  it.each(Object.keys(LEAKS))('finds a %s, with the place that made it, and not once it is gone', async (kind) => {
    using check = watchLeaks(QUICK);
    await LEAKS[kind]?.();
    const left = await check.left();
    expect(left).toContainEqual(expect.stringMatching(`^${kind}`));
    for (const line of left) expect(line).toMatch(HERE);
    for (const step of undo.splice(0).reverse()) await step();
    expect(await check.left()).toEqual([]);
  });

  it('says nothing of what has ended, or ends in good time', async () => {
    const result = await expectNoLeaks(async () => {
      setTimeout(() => {}, 20);
      const server = await listening();
      const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
      await once(socket, 'connect');
      socket.destroy();
      server.close();
      const folder = fs.mkdtempSync(join(tmpdir(), 'backplane-leak-check-'));
      fs.rmSync(folder, { recursive: true });
      await sleep(1);
      return 'result';
    });
    expect(result).toBe('result');
  });

  it('names all of it in one error', async () => {
    const work = expectNoLeaks(() => {
      LEAKS.timer?.();
      LEAKS['file watcher']?.();
    }, QUICK);
    await expect(work).rejects.toMatchObject({
      code: 'BP_LEAKS_FOUND',
      message: expect.stringMatching(
        /^The work left 2 things behind:\n {2}timer, made at .*\n {2}file watcher, made at /,
      ),
    });
  });
});

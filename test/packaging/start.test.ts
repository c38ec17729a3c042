import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../repository/tracked-files.ts';
import { RunningHost } from './running-host.ts';

let data = '';
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'backplane-start-'));
});
afterAll(() => rm(data, { recursive: true }));

const start = (): Promise<RunningHost> =>
  RunningHost.start({
    command: process.execPath,
    args: ['tools/start.mjs', '--port', '0'],
    cwd: root,
    env: { BACKPLANE_DATA_DIR: data },
  });

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/ready`).then(
    (response) => response.ok,
    () => false,
  );

describe('npm start', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('passes %s on, and ends with the host, in order', async (signal) => {
    await using host = await start();
    expect(await answers(host.url)).toBe(true);
    host.signal(signal);
    expect(await host.ended()).toBe(0);
    expect(await answers(host.url)).toBe(false);
  });

  it('gives the host one Ctrl-C where terminal and npm both send it', async () => {
    await using host = await start();
    host.signal('SIGINT');
    host.signal('SIGINT');
    expect(await host.ended()).toBe(0);
  });

  it('passes the exit code of the host on', async () => {
    await expect(
      RunningHost.start({ command: process.execPath, args: ['tools/start.mjs', '--port', 'none'], cwd: root }),
    ).rejects.toThrow(/exited with 2:[\s\S]*--port/);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

const CLI = fileURLToPath(new URL('../packages/cli/dist/backplane.js', import.meta.url));

const chatty = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'chatty',
  version: '1.0.0',
  initialize: ({ logger, http }) => {
    logger.info('begins');
    http.routes((app) => app.get('/', async () => {
      logger.info('asked');
      return { served: true };
    }));
  },
});
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

it('a host serves on when nobody reads its output any more, and drains when it is told to stop', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-unread-'));
  await writePlugins(folder, { 'plugins/chatty.ts': chatty });
  const port = await freePort();
  const flags = ['start', '--no-packages', '--port', String(port), '--log-format', 'json'];
  const child = spawn(process.execPath, [CLI, ...flags], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  try {
    let output = '';
    for await (const chunk of child.stdout) {
      output += chunk;
      // Leaving the loop closes the pipe.
      if (output.includes('begins')) break;
    }
    child.stderr.destroy();
    const ask = () => fetch(`http://127.0.0.1:${port}/chatty/`).then(({ status }) => status, String);
    await expect.poll(ask, { timeout: 10_000 }).toBe(200);
    expect(await ask()).toBe(200);
    child.kill('SIGHUP');
    expect(await exited).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  }
});

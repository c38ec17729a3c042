import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

const CLI = fileURLToPath(new URL('../packages/cli/dist/backplane.js', import.meta.url));

const slow = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'slow',
  version: '1.0.0',
  initialize: ({ logger }) => ({
    start() {
      logger.info('begins');
      return new Promise(() => {});
    },
    stop: () => logger.info('stops'),
  }),
});
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backplane-stop-'));
  await writePlugins(folder, { 'plugins/slow.ts': slow });
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs a host that never comes up, and signals it as soon as it begins to. */
async function told(signals: readonly NodeJS.Signals[]) {
  const flags = ['--no-packages', '--port', '0', '--log-format', 'json'];
  const child = spawn(process.execPath, [CLI, 'start', ...flags], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let sent = false;
  const hear = (chunk: Buffer) => {
    output += chunk;
    if (sent || !output.includes('begins')) return;
    sent = true;
    for (const signal of signals) child.kill(signal);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, lines: output.trim().split('\n') };
}

it.each([[['SIGTERM']], [['SIGHUP']], [['SIGHUP', 'SIGHUP']]] as const)(
  'stops in order at %j while it starts, and says so in its log alone',
  async (signals) => {
    const { code, lines } = await told(signals);
    expect(code).toBe(0);
    const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(messages).toContain('The host is stopping.');
    expect(messages.at(-1)).toBe('The host has stopped.');
  },
);

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

/** A plugin that writes down each evaluation of its code. */
const noting = (level: string) => `
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePlugin } from '@backplane/plugin-api';
appendFileSync(join(import.meta.dirname, '../../evaluated-${level}'), process.pid + '\\n');
export default definePlugin({
  name: 'noting-${level}',
  version: '1.0.0',
  config: { limit: { type: 'integer', default: 1 } },
  initialize({ http, config }) {
    http.routes((app) => app.get('/', async () => ({ pid: process.pid, limit: config.limit })));
  },
});
`;

const evaluations = (test: TestHost, level: string): number[] =>
  readFileSync(join(test.folder, `evaluated-${level}`), 'utf8')
    .trim()
    .split('\n')
    .map(Number);

const boot = () =>
  createTestHost({
    isolation: { 'noting-process': 'process' },
    prepare: async (folder) => {
      await writePlugins(folder, {
        'plugins/noting-process/plugin.ts': noting('process'),
        'plugins/noting-inline/plugin.ts': noting('inline'),
        'config/plugins/other.yaml': '',
      });
    },
  });

describe('the code of a plugin', () => {
  it('is read and run in one process, for each version', async () => {
    await using test = await boot();
    const ask = async () => (await fetch(`${test.url}/noting-process`)).json();
    const [first] = evaluations(test, 'process');
    expect(await ask()).toEqual({ pid: first, limit: 1 });
    await test.host.reload('noting-process');
    const [, second, ...more] = evaluations(test, 'process');
    expect(await ask()).toEqual({ pid: second, limit: 1 });
    expect(more).toEqual([]);
    expect(second).not.toBe(first);
  });

  it('is evaluated again when it has changed, and only then', async () => {
    await using test = await boot();
    const counts = () => ['inline', 'process'].map((level) => evaluations(test, level).length);
    await test.host.rescan();
    expect(counts()).toEqual([1, 1]);
    writeFileSync(join(test.folder, 'config/plugins/noting-inline.yaml'), 'default:\n  limit: 2\n');
    const { steps } = await test.host.rescan();
    expect(steps).toMatchObject([{ name: 'noting-inline', reason: 'configuration changed' }]);
    expect(await (await fetch(`${test.url}/noting-inline`)).json()).toMatchObject({ limit: 2 });
    expect(counts()).toEqual([1, 1]);
    for (const level of ['inline', 'process'])
      appendFileSync(join(test.folder, `plugins/noting-${level}/plugin.ts`), '\nexport const more = 1;\n');
    await test.host.rescan();
    expect(counts()).toEqual([2, 2]);
  });

  it('leaves no process behind where its configuration is refused', async () => {
    await using test = await boot();
    writeFileSync(join(test.folder, 'config/plugins/noting-process.yaml'), 'default:\n  limit: many\n');
    const { steps } = await test.host.reload('noting-process');
    expect(steps).toMatchObject([{ name: 'noting-process', outcome: 'returned' }]);
    const [serving, refused] = evaluations(test, 'process');
    expect(() => process.kill(serving as number, 0)).not.toThrow();
    await expect.poll(() => isThere(refused as number)).toBe(false);
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestHost } from '@backplane/testing';
import { expect, it } from 'vitest';

const code = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({ name: 'dormant', version: '1.0.0' });
`;

const start = (config?: string) =>
  createTestHost({
    prepare: async (folder) => {
      await mkdir(join(folder, 'plugins', 'dormant'), { recursive: true });
      await writeFile(join(folder, 'plugins', 'dormant', 'plugin.ts'), code);
      await writeFile(
        join(folder, 'plugins', 'dormant', 'plugin.yaml'),
        'name: dormant\nversion: "1.0.0"\nenabled: false\n',
      );
      await mkdir(join(folder, 'config', 'plugins'), { recursive: true });
      if (config) await writeFile(join(folder, 'config', 'plugins', 'dormant.yaml'), config);
    },
  });

it('leaves a plugin alone whose manifest switches it off', async () => {
  await using test = await start();
  expect(test.start.disabled).toEqual(['dormant']);
  expect(test.start.plugins).toEqual([]);
});

it('runs it all the same when configuration switches it on', async () => {
  await using test = await start('default:\n  enabled: true\n');
  expect(test.start.disabled).toEqual([]);
  expect(test.start.plugins).toMatchObject([{ name: 'dormant', state: { phase: 'running' } }]);
});

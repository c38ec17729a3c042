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
  const reason = `It is switched off by "enabled: false" in ${join(test.folder, 'plugins', 'dormant', 'plugin.yaml')}.`;
  expect(test.start.plugins).toMatchObject([{ name: 'dormant', state: { phase: 'disabled', reason } }]);
  expect((await fetch(`${test.url}/dormant`)).status).toBe(503);
  expect(await (await fetch(`${test.url}/health`)).json()).toMatchObject({ status: 'healthy' });
  await expect(test.host.reload('dormant')).rejects.toMatchObject({
    code: 'BP_PLUGIN_DISABLED',
    message: expect.stringContaining(`Plugin "dormant" is disabled. ${reason}`),
  });
  expect(test.host.status()).toMatchObject([{ name: 'dormant', state: { phase: 'disabled' } }]);
});

it('takes a plugin out that was switched off while it ran, and says where', async () => {
  await using test = await start('default:\n  enabled: true\n');
  const file = join(test.folder, 'config', 'plugins', 'dormant.yaml');
  await writeFile(file, '# off\ndefault:\n  enabled: false\n');
  const { steps } = await test.host.reload('dormant');
  expect(steps).toMatchObject([{ name: 'dormant', action: 'remove', outcome: 'applied' }]);
  const { state } = test.host.control.pluginStatus('dormant');
  expect(state).toMatchObject({ phase: 'disabled', reason: expect.stringContaining(`in ${file}:3`) });
  await writeFile(file, 'default:\n  enabled: true\n');
  await test.host.reload('dormant');
  expect(test.host.control.pluginStatus('dormant').state.phase).toBe('running');
});

it('runs it all the same when configuration switches it on', async () => {
  await using test = await start('default:\n  enabled: true\n');
  expect(test.start.plugins).toMatchObject([{ name: 'dormant', state: { phase: 'running' } }]);
});

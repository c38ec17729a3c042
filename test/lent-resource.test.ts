import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { hostOf, replaced } from './testing/leaky-plugin.ts';
import type { PluginFiles } from './testing/plugin-files.ts';

/** Each version asks for the same port; a server and a pulse of the version that came first go on in those that follow. */
const owner = (version: number): PluginFiles => ({
  'owner/plugin.ts': `
import { once } from 'node:events';
import { createServer } from 'node:net';
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'owner',
  version: '${version}.0.0',
  async initialize(context) {
    const held = await context.scope.resource('port', async () => {
      const value = { server: createServer(), beats: 0 };
      const pulse = setInterval(() => { value.beats++; }, 5);
      value.server.listen(0, '127.0.0.1');
      await once(value.server, 'listening');
      const dispose = () => new Promise((resolve) => { clearInterval(pulse); value.server.close(resolve); });
      return { value, dispose };
    });
    context.http.routes((app) => {
      app.get('/', async () => ({ version: ${version}, beats: held.beats, listening: held.server.listening }));
    });
  },
});
`,
});

it('lets the code that made a resource run on for as long as any version holds it, and charges nobody with it', async () => {
  await using test = await hostOf(owner(1));
  const ask = async () => (await (await fetch(`${test.url}/owner`)).json()) as { version: number; beats: number };
  expect(await replaced(test, 'owner', owner(2))).toMatchObject({ version: '1.0.0', held: [] });
  expect(await replaced(test, 'owner', owner(3))).toMatchObject({ version: '2.0.0', held: [] });
  const { beats } = await ask();
  await sleep(20);
  await vi.waitFor(async () => expect((await ask()).beats).toBeGreaterThan(beats));
  expect(await ask()).toMatchObject({ version: 3, listening: true });
});

import { createTestHost } from '@backplane/testing';
import { expect, it } from 'vitest';
import WebSocket from 'ws';
import { writePlugins } from './testing/plugin-files.ts';

const ECHO = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'echo',
  version: '1.0.0',
  initialize({ http }) {
    http.webSocket('/', (socket) => { socket.send('hello'); });
  },
});
`;

it.each(['inline', 'process'] as const)(
  'closes a WebSocket with 1001 when the host stops, at level %s',
  async (level) => {
    await using test = await createTestHost({
      isolation: { echo: level },
      prepare: (folder) => writePlugins(folder, { 'plugins/echo.ts': ECHO }),
    });
    const socket = new WebSocket(`${test.url.replace('http', 'ws')}/echo/`);
    await new Promise((resolve) => socket.once('message', resolve));
    const closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve([code, String(reason)]));
    });
    await test.host.stop();
    expect(await closed).toEqual([1001, 'The host is stopping.']);
  },
);

import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createTestHost } from '@backplane/testing';
import { expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

const PLUGIN = `
import { definePlugin } from '@backplane/plugin-api';
const ring: Record<string, unknown> = {};
ring.ring = ring;
export default definePlugin({
  name: 'good',
  version: '1.0.0',
  initialize: ({ health }) => {
    health.check('rows', {}, async () => ({ healthy: true, rows: 10n }));
    return { health: async () => ({ healthy: true, ...(process.env.RING_OF_TEST ? ring : { count: 10n }) }) };
  },
});
`;

it('takes a reload with whatever body a client sends along, and refuses what it does not know', async () => {
  await using test = await createTestHost({ prepare: (folder) => writePlugins(folder, { 'plugins/good.ts': PLUGIN }) });
  const headers = test.management;
  const send = (method: string, type: string, body: string) =>
    fetch(`${test.url}/plugins/good/reload`, { method, headers: { ...headers, 'content-type': type }, body });
  const bodies = [
    ['application/json', ''],
    ['application/json', '{'],
    ['application/x-www-form-urlencoded', 'a=b'],
    ['application/xml', '<a/>'],
    ['text/plain', 'x'.repeat(3 << 20)],
  ] as const;
  for (const [type, body] of bodies) expect((await send('POST', type, body)).status).toBe(200);
  const unreadable = await send('POST', 'no type', 'x');
  expect(unreadable.status).toBe(400);
  expect(await unreadable.json()).toMatchObject({ code: 'BP_MANAGEMENT_BAD_REQUEST' });
  const refused = await send('DELETE', 'application/json', '{');
  expect(refused.status).toBe(405);
  expect(await refused.json()).toMatchObject({ code: 'BP_MANAGEMENT_METHOD' });
});

it('believes the name that a request is for, not another beside it', async () => {
  await using test = await createTestHost({ prepare: (folder) => writePlugins(folder, { 'plugins/good.ts': PLUGIN }) });
  const { hostname, port } = new URL(test.url);
  const ask = async (target: string, ...headers: readonly string[]) => {
    const socket = connect(Number(port), hostname);
    const lines = [`GET ${target} HTTP/1.1`, ...headers, `authorization: ${test.management.authorization}`];
    socket.end(`${[...lines, 'connection: close'].join('\r\n')}\r\n\r\n`);
    return (await text(socket)).split(' ', 2)[1];
  };
  expect(await ask('/plugins/status', 'host: localhost')).toBe('200');
  expect(await ask('http://localhost/plugins/status', 'host: evil.example')).toBe('200');
  expect(await ask('http://evil.example/plugins/status', 'host: localhost')).toBe('403');
  expect(await ask('/plugins/status', 'host: localhost', 'host: evil.example')).toBe('403');
});

it('tells of health what can be told, whatever a plugin says', async () => {
  await using test = await createTestHost({ prepare: (folder) => writePlugins(folder, { 'plugins/good.ts': PLUGIN }) });
  const health = async () => {
    const answer = await fetch(`${test.url}/plugins/good/health`, {
      headers: test.management,
    });
    return { status: answer.status, body: await answer.json() };
  };
  expect(await health()).toMatchObject({
    status: 200,
    body: { status: 'healthy', count: '10', checks: [{ name: 'rows', details: { rows: '10' } }] },
  });
  process.env.RING_OF_TEST = '1';
  try {
    expect(await health()).toMatchObject({
      status: 200,
      body: { ring: { ring: '[circular]' } },
    });
  } finally {
    delete process.env.RING_OF_TEST;
  }
});

it('keeps what a plugin told that was unhealthy from the start', async () => {
  const sick = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'sick',
  version: '1.0.0',
  initialize: ({ health }) => {
    health.check('rows', {}, () => ({ healthy: false, why: 'no rows' }));
    return { health: () => ({ healthy: true, region: 'eu' }) };
  },
});
`;
  await using test = await createTestHost({ prepare: (folder) => writePlugins(folder, { 'plugins/sick.ts': sick }) });
  const answer = await fetch(`${test.url}/plugins/sick/health`, { headers: test.management });
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    status: 'unhealthy',
    message: expect.stringContaining('no rows'),
    region: 'eu',
    checks: [{ name: 'rows', status: 'fail', details: { why: 'no rows' } }],
  });
});

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';

const plugin = (name: string, version: string) => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: '${name}',
  version: '${version}',
  initialize: ({ http }) => http.routes((app) => app.get('/version', async () => '${version}')),
});
`;

const start = () => createTestHost({ prepare: (folder) => void mkdir(join(folder, 'plugins'), { recursive: true }) });
const put = (test: TestHost, file: string, text: string) => writeFile(join(test.folder, 'plugins', file), text);
const reload = (test: TestHost, name: string) =>
  fetch(`${test.url}/plugins/${name}/reload`, { method: 'POST', headers: test.management });
const answer = async (test: TestHost, path: string) => (await fetch(`${test.url}${path}`)).text();

describe('a plugin that is put into a plugin folder while the host runs', () => {
  it('is added when it is reloaded', async () => {
    await using test = await start();
    await put(test, 'late.ts', plugin('late', '1.0.0'));
    const added = await reload(test, 'late');
    expect(added.status).toBe(200);
    expect(await added.json()).toMatchObject({ plugin: 'late', from_version: null, to_version: '1.0.0' });
    expect(await answer(test, '/late/version')).toBe('1.0.0');
  });

  it('is shown with what is wrong, and runs once that is mended', async () => {
    await using test = await start();
    await put(test, 'late.ts', 'export default definePlugin({');
    const refused = await reload(test, 'late');
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({
      code: 'BP_RELOAD_FAILED',
      details: { failure: { code: 'BP_PLUGIN_SYNTAX' } },
    });
    expect(test.host.status()).toMatchObject([{ name: 'late', state: { phase: 'refused' } }]);
    await put(test, 'late.ts', plugin('late', '1.0.1'));
    expect((await reload(test, 'late')).status).toBe(200);
    expect(await answer(test, '/late/version')).toBe('1.0.1');
  });

  it('is unknown when no folder has it', async () => {
    await using test = await start();
    const unknown = await reload(test, 'nobody');
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ code: 'BP_PLUGIN_UNKNOWN' });
    expect(test.host.status()).toEqual([]);
  });

  it('never takes the place of another whose name its code claims', async () => {
    await using test = await start();
    await put(test, 'first.ts', plugin('first', '1.0.0'));
    await reload(test, 'first');
    await put(test, 'second.ts', plugin('first', '9.9.9'));
    const refused = await reload(test, 'second');
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ details: { failure: { code: 'BP_PLUGIN_RENAMED' } } });
    expect(await answer(test, '/first/version')).toBe('1.0.0');
  });
});

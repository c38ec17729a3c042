import { createTestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { type PluginFiles, writePlugins } from './testing/plugin-files.ts';

const header = (name: string) => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: '${name}',
  version: '1.0.0',
  phase: 'middleware',
  config: { mark: { type: 'string', default: 'none' }, level: { type: 'integer', default: 0 } },
  initialize({ http, config }) {
    http.middleware({
      name: '${name}',
      onResponse(_, response) {
        response.headers.set('x-passed', [response.headers.get('x-passed'), '${name}'].filter(Boolean).join(' '));
      },
    });
    http.routes((app) => app.get('/', async () => config));
  },
});
`;

const start = (files: PluginFiles, options: Parameters<typeof createTestHost>[0] = {}) =>
  createTestHost({ ...options, prepare: (folder) => writePlugins(folder, files) });

describe.each(['inline', 'process'] as const)(
  'what configuration says to the host of a plugin, at level %s',
  (level) => {
    it('mounts none of its routes', async () => {
      const plain = header('shy').replace(/http\.middleware\([\s\S]*?\n {4}\}\);/, '');
      await using test = await start(
        { 'plugins/shy.ts': plain, 'config/base.yaml': 'plugin_settings:\n  shy:\n    service_integration: false\n' },
        { isolation: { shy: level } },
      );
      expect(test.host.status()).toMatchObject([{ name: 'shy', state: { phase: 'running' } }]);
      expect((await fetch(`${test.url}/shy`)).status).toBe(404);
    });
  },
);

describe('the host’s files', () => {
  it('order plugins within their phase', async () => {
    await using test = await start({
      'plugins/a.ts': header('a'),
      'plugins/b.ts': header('b'),
      'config/base.yaml': 'default_plugins:\n  - name: a\n    priority: 200\n  - name: b\n    priority: 1\n',
    });
    // Who is further in answers first.
    expect((await fetch(`${test.url}/a`)).headers.get('x-passed')).toBe('a b');
    expect(test.host.control.pluginStatus('a').priority).toBe(200);
  });

  it('and variables reach the plugin, the environment’s over the base', async () => {
    await using test = await start(
      {
        'plugins/a.ts': header('a'),
        'config/base.yaml': 'plugins:\n  a:\n    mark: base\n    level: 1\n',
        'config/test.yaml': 'plugins:\n  a:\n    mark: test\n',
      },
      { environment: 'test', variables: { BACKPLANE_PLUGINS__A__LEVEL: '3' } },
    );
    expect(await (await fetch(`${test.url}/a`)).json()).toEqual({ mark: 'test', level: 3 });
  });
});

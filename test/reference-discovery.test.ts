import { readFileSync } from 'node:fs';
import { createTestHost, ManualClock } from '@backplane/testing';
import { describe, expect, it, vi } from 'vitest';
import { HostProcess } from './testing/host-process.ts';
import { type PluginFiles, writePlugins } from './testing/plugin-files.ts';
import { changed, echo, printed } from './testing/printed-fragment.ts';

/** `backplane start` in a folder with these files. What is not below `plugins` is written before it starts, too. */
function start(files: PluginFiles): Promise<HostProcess> {
  return HostProcess.start(Object.fromEntries(Object.entries(files).map(([path, text]) => [`../${path}`, text])));
}

const namesOf = async (host: HostProcess) => [...(await host.status()).keys()];

const get = async (host: { readonly url: string }, path: string) =>
  (await (await fetch(host.url + path)).json()) as Record<string, unknown>;

const example = (path: string) => readFileSync(new URL(`../examples/plugins/${path}`, import.meta.url), 'utf8');

describe('base.yaml', () => {
  const files: PluginFiles = {
    'plugins/shop.ts': echo('shop'),
    'elsewhere/bank.ts': echo('bank'),
    'config/plugins/shop.yaml': 'default:\n  from: ./config/plugins\n',
    'settings/shop.yaml': 'default:\n  from: ./settings\n',
  };

  it('says where plugins are found, and where their own files are', async () => {
    await using host = await start({ ...files, 'config/base.yaml': printed('base.yaml') });
    expect(await namesOf(host)).toEqual(['shop']);
    expect(await get(host, '/shop')).toMatchObject({ from: './config/plugins' });
  });

  it.each([
    ['enabled: true', 'enabled: false', [], undefined],
    ['auto_discovery: true', 'auto_discovery: false', [], undefined],
    ['- "./plugins"', '- "./elsewhere"', ['bank'], undefined],
    ['- "/opt/mmf/plugins"', '- "./elsewhere"', ['bank', 'shop'], './config/plugins'],
    ['"./config/plugins"', '"./settings"', ['shop'], './settings'],
  ])('has another effect with another value: "%s" as "%s"', async (before, after, names, from) => {
    await using host = await start({ ...files, 'config/base.yaml': changed('base.yaml', before, after) });
    expect(await namesOf(host)).toEqual(names);
    if (from !== undefined) expect(await get(host, '/shop')).toMatchObject({ from });
  });
});

describe('config.yaml', () => {
  const files: PluginFiles = {
    'plugins/request-tracing/plugin.ts': example('request-tracing/plugin.ts'),
    'custom_plugins/custom-metrics/plugin.ts': example('custom-metrics/plugin.ts'),
    'custom_plugins/jwt-authentication.ts': echo(
      'jwt-authentication',
      `config: {
        jwt_secret: { type: 'string', required: true, encrypted: true },
        jwt_algorithm: { type: 'string', required: true },
        token_expiry: { type: 'number', required: true },
      },`,
    ),
  };

  it('finds plugins in its directories, and configures each by its section', async () => {
    await using host = await start({ ...files, 'config/config.yaml': printed('config.yaml') });
    expect(await namesOf(host)).toEqual(['custom-metrics', 'jwt-authentication', 'request-tracing']);
    expect(await get(host, '/jwt-authentication')).toMatchObject({
      jwt_secret: 'your-secret-key',
      jwt_algorithm: 'HS256',
      token_expiry: 3600,
    });
    const { headers } = await fetch(`${host.url}/jwt-authentication`);
    expect(headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(Number(headers.get('x-processing-time'))).toBeGreaterThan(0);
    expect(await (await fetch(`${host.url}/metrics`)).text()).toContain('custom_metrics_collections_total 1\n');
  });

  it('has another effect with other values', async () => {
    const text = changed('config.yaml', 'X-Correlation-ID', 'X-Number')
      .replace('X-Processing-Time', 'X-Took')
      .replace('"prometheus"', '"json"');
    await using host = await start({ ...files, 'config/config.yaml': text });
    const { headers } = await fetch(`${host.url}/jwt-authentication`);
    expect([headers.has('x-number'), headers.has('x-took')]).toEqual([true, true]);
    expect([headers.has('x-correlation-id'), headers.has('x-processing-time')]).toEqual([false, false]);
    expect(await (await fetch(`${host.url}/metrics`)).text()).not.toContain('custom_metrics_collections_total');
    const one = changed('config.yaml', '    - "./custom_plugins"\n', '');
    await using less = await start({ ...files, 'config/config.yaml': one });
    expect(await namesOf(less)).toEqual(['request-tracing']);
  });

  it('has numbers collected as often as it says', async () => {
    const clock = new ManualClock();
    await using test = await createTestHost({
      clock,
      prepare: (folder) =>
        writePlugins(folder, {
          'plugins/custom-metrics/plugin.ts': example('custom-metrics/plugin.ts'),
          'config/config.yaml': printed('config.yaml'),
        }),
    });
    const collections = async () => (await get(test, '/custom-metrics')).collections;
    expect(await collections()).toBe(1);
    await clock.advance(29_000);
    expect(await collections()).toBe(1);
    await clock.advance(1000);
    await vi.waitFor(async () => expect(await collections()).toBe(2));
  });
});

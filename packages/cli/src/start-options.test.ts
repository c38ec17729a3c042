import { delimiter } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configDirOf, startOptions } from './start-options.ts';

describe('the options of a start', () => {
  it('has sane defaults', () => {
    expect(startOptions({}, {})).toEqual({
      pluginPaths: ['./plugins'],
      packagesOf: '.',
      variables: {},
      configDir: './config',
      dataDir: './data',
      environment: 'development',
      listen: { host: '127.0.0.1', port: 8080 },
      isolation: {},
    });
  });

  it('takes a flag before BACKPLANE_, that before MMF_, that before the default', () => {
    const environment = { BACKPLANE_PORT: '2', MMF_PORT: '1', MMF_ENVIRONMENT: 'production' };
    expect(startOptions({ port: '3' }, environment).listen).toMatchObject({ port: 3 });
    expect(startOptions({}, environment).listen).toMatchObject({ port: 2 });
    expect(startOptions({}, { MMF_PORT: '1' }).listen).toMatchObject({ port: 1 });
    expect(startOptions({}, environment).environment).toBe('production');
  });

  it('names the Redis of the cache, from the environment alone', () => {
    expect(startOptions({}, { BACKPLANE_CACHE_URL: 'redis://cache' }).cache).toEqual({ url: 'redis://cache' });
    expect(startOptions({}, {}).cache).toBeUndefined();
  });

  it('reads discovery paths separated as PATH is, and loads none when plugins are off', () => {
    const paths = ['/opt/a', '/opt/b'].join(delimiter);
    expect(startOptions({}, { MMF_PLUGIN_DISCOVERY_PATHS: paths }).pluginPaths).toEqual(['/opt/a', '/opt/b']);
    expect(startOptions({}, { MMF_PLUGIN_DISCOVERY_PATHS: paths, MMF_PLUGINS_ENABLED: 'false' }).pluginPaths).toEqual(
      [],
    );
    expect(startOptions({ plugins: ['./x'] }, { MMF_PLUGIN_DISCOVERY_PATHS: paths }).pluginPaths).toEqual(['./x']);
  });

  it('takes the folders of base.yaml where neither flag nor environment names some', () => {
    const settings = { paths: ['/from/file'], pluginConfigDir: '/from/config' };
    expect(startOptions({}, {}, settings)).toMatchObject({
      pluginPaths: ['/from/file'],
      pluginConfigDir: '/from/config',
    });
    expect(startOptions({ plugins: ['./x'] }, {}, settings).pluginPaths).toEqual(['./x']);
    const off = { pluginPaths: [] };
    expect(startOptions({}, {}, { ...settings, enabled: false })).toMatchObject(off);
    expect(startOptions({}, {}, { ...settings, autoDiscovery: false })).toMatchObject(off);
    expect(startOptions({}, {}, { autoDiscovery: false })).not.toHaveProperty('packagesOf');
    expect(startOptions({}, { BACKPLANE_PLUGINS_ENABLED: 'true' }, { enabled: false }).pluginPaths).toEqual([
      './plugins',
    ]);
    expect(startOptions({ packages: false }, {})).not.toHaveProperty('packagesOf');
  });

  it('takes the folder of configuration from the flag, from BACKPLANE_CONFIG_DIR, or from MMF_CONFIG_DIR', () => {
    const printed = { MMF_CONFIG_DIR: '/opt/mmf/config' };
    expect(startOptions({}, printed).configDir).toBe('/opt/mmf/config');
    expect(configDirOf({}, printed)).toEqual({ folder: '/opt/mmf/config', named: 'MMF_CONFIG_DIR' });
    expect(startOptions({}, { ...printed, BACKPLANE_CONFIG_DIR: '/etc/b' }).configDir).toBe('/etc/b');
    expect(startOptions({ config: './mine' }, printed).configDir).toBe('./mine');
  });

  it('reads isolation for one plugin or for all', () => {
    expect(startOptions({ isolation: ['process', 'shop=inline'] }, {}).isolation).toEqual({
      '*': 'process',
      shop: 'inline',
    });
  });

  it.each([
    [{ port: 'http' }, {}, '--port'],
    [{}, { BACKPLANE_PORT: 'http' }, 'BACKPLANE_PORT'],
    [{}, { MMF_LOG_LEVEL: 'loud' }, 'MMF_LOG_LEVEL'],
    [{}, { MMF_PLUGINS_ENABLED: 'maybe' }, 'MMF_PLUGINS_ENABLED'],
  ])('with %o and %o, names %s, where the value stands', (flags, environment, option) => {
    expect(() => startOptions(flags, environment)).toThrow(`${option} is "`);
  });

  it.each([
    [{ port: 'http' }, {}],
    [{ port: '70000' }, {}],
    [{ port: '1.5' }, {}],
    [{ port: '' }, {}],
    [{}, { BACKPLANE_PORT: ' ' }],
    [{}, { BACKPLANE_PORT: '1e3' }],
    [{}, { MMF_PORT: '0x10' }],
    [{ isolation: ['shop=jail'] }, {}],
    [{ logLevel: 'loud' }, {}],
    [{}, { BACKPLANE_PLUGINS_ENABLED: 'maybe' }],
  ])('refuses %o with %o, naming the option', (flags, environment) => {
    expect(() => startOptions(flags, environment)).toThrow(expect.objectContaining({ code: 'BP_OPTION_INVALID' }));
  });
});

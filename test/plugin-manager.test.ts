import { definePlugin, type Handover, PluginBase, type PluginMetadata, service } from '@backplane/plugin-api';
import { createTestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

interface Signer {
  sign(text: string): Promise<string>;
}
const signer = service<Signer>('trust.signer');
const clock = service<{ now(): number }>('company.clock');

class Trust extends PluginBase {
  static override readonly metadata: PluginMetadata = { name: 'trust', version: '1.0.0', provides: [signer] };
  readonly life: string[] = [];
  override initialize(): void {
    this.life.push('initialize');
    this.context.provide(signer, { sign: async (text) => `signed ${text} (${this.life.length})` });
  }
  override start(_handover: Handover): void {
    this.life.push('start');
  }
  override stop(): void {
    this.life.push('stop');
  }
}

const asksClock = definePlugin({
  name: 'asks-clock',
  version: '1.0.0',
  needs: { clock },
  initialize({ http, services }) {
    http.routes((app) => {
      app.get('/', async () => ({ now: await services.clock.now() }));
    });
  },
});

describe('plugins by program', () => {
  it('are loaded, started, called, stopped and started again, also when they are an object', async () => {
    await using test = await createTestHost();
    const { plugins } = test.host;
    const trust = new Trust();
    expect(await plugins.loadPluginInstance(trust, 'marty')).toBe('trust');
    expect(trust.life).toEqual([]);
    const managed = await plugins.startPlugin('marty');
    expect(managed.status.state.phase).toBe('running');
    expect(await managed.getService<Signer>('signer').sign('a')).toBe('signed a (2)');
    await plugins.reloadPlugin('trust');
    expect(trust.life).toEqual(['initialize', 'start', 'stop', 'initialize', 'start']);
    await plugins.stopPlugin('trust');
    await expect(managed.getService<Signer>('signer').sign('b')).rejects.toMatchObject({
      code: 'BP_SERVICE_UNAVAILABLE',
    });
    await plugins.startPlugin('trust');
    expect(await managed.getService<Signer>('trust.signer').sign('c')).toMatch(/^signed c/);
    await plugins.unloadPlugin('trust');
    expect(plugins.getPlugin('trust')).toBeUndefined();
    await expect(plugins.startPlugin('trust')).rejects.toMatchObject({ code: 'BP_PLUGIN_GONE' });
  });

  it('start with the host when that was said before it started', async () => {
    await using test = await createTestHost({
      before: async (host) => {
        await host.plugins.registerPluginClass('trust', Trust);
        await host.plugins.startPlugin('trust');
        await host.plugins.loadPluginInstance(definePlugin({ name: 'idle', version: '1.0.0' }));
      },
    });
    expect(test.start.plugins.map(({ name }) => name)).toEqual(['trust']);
  });

  it('are refused for what they say of themselves, and for a name that is taken', async () => {
    await using test = await createTestHost({ plugins: [Trust] });
    const { plugins } = test.host;
    await expect(plugins.loadPluginInstance(new Trust())).rejects.toMatchObject({ code: 'BP_PLUGIN_REGISTERED' });
    await expect(plugins.loadPluginInstance({} as never)).rejects.toMatchObject({ code: 'BP_PLUGIN_METADATA' });
    const nameless = definePlugin({ name: 'No Name', version: 'one' });
    await expect(plugins.loadPluginInstance(nameless)).rejects.toMatchObject({ code: 'BP_PLUGIN_METADATA' });
    await plugins.loadPluginInstance(
      definePlugin({ name: 'sick', version: '1.0.0', initialize: () => Promise.reject(new Error('ill')) }),
    );
    await expect(plugins.startPlugin('sick')).rejects.toMatchObject({
      code: 'BP_PLUGIN_NOT_STARTED',
      message: expect.stringContaining('ill'),
    });
  });

  it('of the plugin folders stay stopped until they are started', async () => {
    await using test = await createTestHost({
      prepare: (folder) =>
        writePlugins(folder, {
          'plugins/hello.js': `import { definePlugin } from '@backplane/plugin-api';
            export default definePlugin({ name: 'hello', version: '1.0.0' });`,
        }),
    });
    await test.host.plugins.stopPlugin('hello');
    await test.host.rescan();
    const [status] = test.host.status();
    expect(status).toMatchObject({ state: { phase: 'disabled', reason: 'It was stopped by the program.' } });
    expect(test.host.plugins.getPlugin('hello')).toBeUndefined();
    await test.host.plugins.startPlugin('hello');
    expect(test.host.status()).toMatchObject([{ name: 'hello', state: { phase: 'running' } }]);
  });
});

describe('services by program', () => {
  it('come, are replaced and go while the host runs, each in one generation', async () => {
    await using test = await createTestHost({ plugins: [asksClock] });
    const { plugins } = test.host;
    expect(test.host.status()[0]?.state.phase).toBe('refused');
    await plugins.registerService('company.clock', { now: () => 1 });
    const now = async () => (await fetch(`${test.url}/asks-clock`)).json();
    expect(await now()).toEqual({ now: 1 });
    await plugins.registerService('company.clock', { now: () => 2 });
    expect(await now()).toEqual({ now: 2 });
    await expect(plugins.unregisterService('company.clock')).rejects.toMatchObject({
      code: 'BP_SERVICE_NEEDED',
      details: { plugins: ['asks-clock'] },
    });
    await plugins.stopPlugin('asks-clock');
    await plugins.unregisterService('company.clock');
    await expect(plugins.startPlugin('asks-clock')).rejects.toMatchObject({ code: 'BP_PLUGIN_NOT_STARTED' });
  });

  it('do not take the place of one that a plugin provides', async () => {
    await using test = await createTestHost({ plugins: [Trust] });
    await expect(test.host.plugins.registerService('trust.signer', {})).rejects.toMatchObject({
      code: 'BP_SERVICE_PROVIDED',
      details: { plugin: 'trust' },
    });
  });
});

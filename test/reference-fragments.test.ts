import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { apiOf } from './testing/api-client.ts';
import { type PluginFiles, writePlugins } from './testing/plugin-files.ts';
import { changed, echo, printed } from './testing/printed-fragment.ts';

const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const start = (files: PluginFiles, options: Parameters<typeof createTestHost>[0] = {}) =>
  createTestHost({ ...options, prepare: (folder) => writePlugins(folder, files) });

const get = async (test: TestHost, path: string) => (await fetch(test.url + path)).json();

const stateOf = (test: TestHost, name: string) => test.host.control.pluginStatus(name).state;

/** Value and layer of every key that a plugin is configured with. */
async function effective(test: TestHost, plugin: string) {
  const { body } = await apiOf(test)('GET', `/admin/config?plugin=${plugin}`);
  const values = body.plugins[0].values as { readonly key: string; readonly value: unknown; readonly layer: string }[];
  return Object.fromEntries(values.map(({ key, value, layer }) => [key, [value, layer]]));
}

describe('marty.yaml', () => {
  const trust = (file: string, environment: string) =>
    start({ 'config/plugins/marty.yaml': file }, { environment, pluginPaths: [root('plugins')] });
  const sign = async (test: TestHost) => {
    const body = JSON.stringify({ document: Buffer.from('x').toString('base64') });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${test.url}/marty/documents/sign`, { method: 'POST', headers, body });
    return ((await answer.json()) as { readonly algorithm: string }).algorithm;
  };

  it('configures the trust plugin under its alias, with the overrides of each environment', async () => {
    await using development = await trust(printed('marty.yaml'), 'development');
    expect(await effective(development, 'trust-pki')).toEqual({
      trust_anchor_url: ['https://trust-anchor.marty.internal:8443', 'default'],
      trust_anchor_timeout: [30, 'default'],
      pkd_url: ['https://pkd.marty.internal:8443', 'default'],
      pkd_cache_ttl: [3600, 'default'],
      document_signer_url: ['https://doc-signer.marty.internal:8443', 'default'],
      'signing_algorithms.0': ['RSA-SHA256', 'default'],
      'signing_algorithms.1': ['ECDSA-SHA256', 'default'],
      require_mutual_tls: [false, 'development'],
      certificate_validation_enabled: [false, 'development'],
    });
    expect(await sign(development)).toBe('RSA-SHA256');
    await using production = await trust(printed('marty.yaml'), 'production');
    expect(await effective(production, 'trust-pki')).toMatchObject({
      'signing_algorithms.0': ['RSA-SHA384', 'production'],
      'signing_algorithms.1': ['ECDSA-SHA384', 'production'],
      require_mutual_tls: [true, 'default'],
      certificate_validation_enabled: [true, 'default'],
    });
    expect(await sign(production)).toBe('RSA-SHA384');
  });

  it('decides whether the plugin runs, and in which version', async () => {
    await using off = await trust(changed('marty.yaml', 'enabled: true', 'enabled: false'), 'test');
    expect(stateOf(off, 'trust-pki').phase).toBe('disabled');
    await using other = await trust(changed('marty.yaml', 'version: "1.0.0"', 'version: "2.0.0"'), 'test');
    expect(stateOf(other, 'trust-pki')).toMatchObject({
      phase: 'refused',
      failure: { code: 'BP_PLUGIN_VERSION_REFUSED' },
    });
  });

  it('is validated and shown by the commands that are printed beside it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-fragments-'));
    const command = (...args: string[]) =>
      new Promise<{ code: number; out: string }>((resolve) => {
        execFile(
          process.execPath,
          [root('packages/cli/dist/backplane.js'), ...args, '--no-packages', '--plugins', root('plugins')],
          { cwd: folder, env: { PATH: process.env.PATH, NO_COLOR: '1' } },
          (error, out, err) => resolve({ code: Number(error?.code ?? 0), out: out + err }),
        );
      });
    try {
      await writePlugins(folder, { 'config/plugins/marty.yaml': printed('marty.yaml') });
      const shown = await command('config', 'show', '--plugin=marty');
      expect(shown.code).toBe(0);
      expect(shown.out).toMatch(/pkd_cache_ttl +3600 +default +config\/plugins\/marty\.yaml:12/);
      expect(shown.out).toMatch(/require_mutual_tls +false +development +config\/plugins\/marty\.yaml:26/);
      expect(await command('config', 'validate', '--plugin=marty')).toMatchObject({ code: 0 });
      await writePlugins(folder, { 'config/plugins/marty.yaml': changed('marty.yaml', '3600', '"an hour"') });
      const refused = await command('config', 'validate', '--plugin=marty');
      expect(refused.code).toBe(1);
      expect(refused.out).toMatch(/config\/plugins\/marty\.yaml:12:3 .*pkd_cache_ttl/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('your_service.yaml', () => {
  it('is the file of the plugin of that name, and switches it on and off', async () => {
    const plugins = { 'plugins/your-service.ts': echo('your-service') };
    await using on = await start({ ...plugins, 'config/plugins/your_service.yaml': printed('your_service.yaml') });
    expect(stateOf(on, 'your-service').phase).toBe('running');
    const file = changed('your_service.yaml', 'enabled: true', 'enabled: false');
    await using off = await start({ ...plugins, 'config/plugins/your_service.yaml': file });
    expect(stateOf(off, 'your-service').phase).toBe('disabled');
  });
});

describe('core.yaml', () => {
  const plugins = { 'plugins/message-bus.ts': echo('message-bus'), 'plugins/encryption.ts': echo('encryption') };

  it('switches the plugins of the API gateway on and off', async () => {
    await using on = await start({ ...plugins, 'config/core.yaml': printed('core.yaml') });
    expect(on.host.status().map(({ name, state }) => [name, state.phase])).toEqual([
      ['encryption', 'running'],
      ['message-bus', 'running'],
    ]);
    const without = async (section: string) => {
      const file = changed('core.yaml', `${section}:\n        enabled: true`, `${section}:\n        enabled: false`);
      await using test = await start({ ...plugins, 'config/core.yaml': file });
      return test.host.status().flatMap(({ name, state }) => (state.phase === 'disabled' ? [name] : []));
    };
    expect(await without('message_bus')).toEqual(['message-bus']);
    expect(await without('encryption')).toEqual(['encryption']);
  });
});

describe('the payment service', () => {
  const payment = echo(
    'production-payment',
    `aliases: ['production-payment-service'],
  config: {
    payment: {
      type: 'object',
      properties: { provider: { type: 'string', required: true }, fraud_detection_enabled: { type: 'boolean', required: true } },
      required: true,
    },
    fraud_detection_threshold: { type: 'number', default: 0.5 },
  },`,
  );
  interface Said {
    readonly file?: string;
    readonly defaults?: string;
    readonly settings?: string;
  }
  const boot = ({ file, defaults, settings }: Said = {}, options: Parameters<typeof createTestHost>[0] = {}) =>
    start(
      {
        'plugins/production-payment.ts': payment,
        'config/plugins/production_payment_service.yaml': file ?? printed('production_payment_service.yaml'),
        'config/base.yaml': `${defaults ?? printed('default_plugins.yaml')}\n${settings ?? printed('plugin_settings.yaml')}`,
      },
      options,
    );

  it('is configured by its file, its section of the plugin settings, and the list of default plugins', async () => {
    await using test = await boot();
    expect(await get(test, '/production-payment')).toMatchObject({
      payment: { provider: 'stripe', fraud_detection_enabled: true },
      fraud_detection_threshold: 0.7,
    });
    expect(test.host.control.pluginStatus('production-payment')).toMatchObject({
      priority: 100,
      state: { phase: 'running' },
    });
  });

  it('takes each printed key of the file', async () => {
    const name = 'production_payment_service.yaml';
    // Another name of the service, and the file is nobody's.
    const renamed = changed(name, 'name: "production-payment-service"', 'name: "bookshop"');
    await using shop = await start({
      'plugins/bookshop.ts': payment.replaceAll('production-payment', 'bookshop'),
      'config/plugins/some_file.yaml': renamed,
    });
    expect(await get(shop, '/bookshop')).toMatchObject({ payment: { provider: 'stripe' } });
    await using other = await boot({
      file: changed(name, '"stripe"', '"adyen"').replace(
        'fraud_detection_enabled: true',
        'fraud_detection_enabled: false',
      ),
    });
    expect(await get(other, '/production-payment')).toMatchObject({
      payment: { provider: 'adyen', fraud_detection_enabled: false },
    });
    const quiet = { defaults: '', settings: '' };
    await using off = await boot({ ...quiet, file: changed(name, 'enabled: true', 'enabled: false') });
    expect(stateOf(off, 'production-payment').phase).toBe('disabled');
  });

  it('takes each printed key of the default plugins', async () => {
    const quiet = { settings: '', file: '' };
    const payments = {
      pluginConfig: { 'production-payment': { payment: { provider: 'x', fraud_detection_enabled: true } } },
    };
    await using last = await boot({ ...quiet, defaults: changed('default_plugins.yaml', '100', '7') }, payments);
    expect(last.host.control.pluginStatus('production-payment').priority).toBe(7);
    await using off = await boot(
      { ...quiet, defaults: changed('default_plugins.yaml', 'enabled: true', 'enabled: false') },
      payments,
    );
    expect(stateOf(off, 'production-payment').phase).toBe('disabled');
    await using others = await boot(
      {
        ...quiet,
        defaults: changed('default_plugins.yaml', 'production_payment', 'another').replace(
          'enabled: true',
          'enabled: false',
        ),
      },
      payments,
    );
    expect(stateOf(others, 'production-payment').phase).toBe('running');
  });

  it('takes each printed key of the plugin settings', async () => {
    const name = 'plugin_settings.yaml';
    await using off = await boot({ settings: changed(name, 'enabled: true', 'enabled: false') });
    expect(stateOf(off, 'production-payment').phase).toBe('disabled');
    await using apart = await boot({
      settings: changed(name, 'service_integration: true', 'service_integration: false'),
    });
    expect(stateOf(apart, 'production-payment').phase).toBe('running');
    expect((await fetch(`${apart.url}/production-payment`)).status).toBe(404);
    await using own = await boot({ settings: printed(name) }, { service: 'payment-service' });
    expect(await get(own, '/production-payment')).toMatchObject({ fraud_detection_threshold: 0.7 });
    await using elsewhere = await boot({ settings: printed(name) }, { service: 'order-service' });
    expect(await get(elsewhere, '/production-payment')).toMatchObject({ fraud_detection_threshold: 0.5 });
  });
});

describe('production.yaml', () => {
  // Whether code ran is seen by what it leaves.
  const guarded = (name: string) => `globalThis.guardedCodeRan = true;\n${echo(name)}`;
  const ran = () => Reflect.get(globalThis, 'guardedCodeRan') === true;
  const boot = (policy: string, more: PluginFiles = {}, environment = 'production') => {
    Reflect.deleteProperty(globalThis, 'guardedCodeRan');
    return start(
      { 'plugins/guarded.ts': guarded('guarded'), 'config/production.yaml': policy, ...more },
      { environment, allowLeaks: true },
    );
  };
  const unsigned = changed('production.yaml', 'require_signature: true', 'require_signature: false');
  const sandboxed = unsigned.replace(/ {6}resource_limits:[\s\S]*/, '');

  it('lets no plugin run that has no verified signature, and none of its code', async () => {
    await using test = await boot(printed('production.yaml'));
    expect(stateOf(test, 'guarded')).toMatchObject({
      phase: 'refused',
      failure: {
        code: 'BP_SIGNATURE_REQUIRED',
        message: expect.stringContaining(`${join(test.folder, 'config/production.yaml')}:4 asks for one.`),
      },
    });
    expect(ran()).toBe(false);
  });

  it('asks for limits, which are refused and not ignored as long as nothing enforces them', async () => {
    await using test = await boot(unsigned);
    expect(stateOf(test, 'guarded')).toMatchObject({
      phase: 'refused',
      failure: {
        code: 'BP_LIMITS_UNAVAILABLE',
        message: expect.stringContaining('memory_mb: 256, cpu_percent: 30'),
      },
    });
    expect(ran()).toBe(false);
  });

  it('puts plugins into processes of their own, but for those that are trusted', async () => {
    await using test = await boot(sandboxed, {
      'plugins/friend.ts': echo('friend'),
      'config/plugins/friend.yaml': 'default:\n  trusted: true\n',
    });
    expect(await get(test, '/guarded')).not.toEqual({ pid: process.pid });
    expect(await get(test, '/friend')).toEqual({ pid: process.pid });
    expect(test.host.status().map(({ name, level }) => [name, level])).toEqual([
      ['friend', 'inline'],
      ['guarded', 'process'],
    ]);
    expect(ran()).toBe(false);
    await using open = await boot(sandboxed.replace('enabled: true', 'enabled: false'));
    expect(await get(open, '/guarded')).toEqual({ pid: process.pid });
    await using trusting = await boot(unsigned, { 'config/plugins/guarded.yaml': 'default:\n  trusted: true\n' });
    expect(await get(trusting, '/guarded')).toEqual({ pid: process.pid });
  });

  it('holds in production alone, and lets nothing run where it is not understood', async () => {
    await using development = await boot(printed('production.yaml'), {}, 'development');
    expect(stateOf(development, 'guarded').phase).toBe('running');
    await using misspelt = await boot(changed('production.yaml', 'require_signature', 'require_signatures'));
    expect(stateOf(misspelt, 'guarded')).toMatchObject({ failure: { code: 'BP_SECURITY_POLICY_INVALID' } });
    expect(ran()).toBe(false);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ConfigSourceOptions, createConfigSource } from './config-source.ts';
import { normalizeConfigSchema } from './normalize-config-schema.ts';
import { validatePluginConfig } from './validate-plugin-config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backplane-layers-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

const read = (name: string, options: Partial<ConfigSourceOptions> = {}) =>
  createConfigSource({ configDir: folder, environment: 'production', ...options }).pluginConfig(name);

describe('the host’s files', () => {
  it('configure a plugin under plugins and under core.api_gateway.plugins, in either spelling', async () => {
    write({
      'base.yaml':
        'plugins:\n  enabled: true\n  directories: [./plugins]\n  jwt-authentication:\n    jwt_algorithm: HS256\n',
      'core.yaml':
        'core:\n  api_gateway:\n    plugins:\n      jwt_authentication:\n        enabled: false\n        token_expiry: 3600\n',
    });
    const { value, settings, origins, files, problems } = await read('jwt-authentication');
    expect(problems).toEqual([]);
    expect(value).toEqual({ jwt_algorithm: 'HS256', token_expiry: 3600 });
    expect(settings).toEqual({ enabled: false });
    expect(origins.get('/token_expiry')).toEqual({
      layer: 'core',
      file: join(folder, 'core.yaml'),
      line: 6,
      column: 9,
    });
    expect(files).toEqual(['base.yaml', 'core.yaml'].map((name) => join(folder, name)));
  });

  it('list the plugins of a service, and give one what it has in this service only', async () => {
    write({
      'base.yaml': `default_plugins:
  - name: "production_payment"
    enabled: true
    priority: 100
plugin_settings:
  production_payment:
    enabled: true
    service_integration: true
    service_specific:
      name: "payment-service"
      fraud_detection_threshold: 0.7
`,
      'plugins/production_payment.yaml': 'default:\n  enabled: false\n  fraud_detection_threshold: 0.1\n',
    });
    const settings = { enabled: true, priority: 100, serviceIntegration: true };
    expect(await read('production-payment')).toMatchObject({ value: { fraud_detection_threshold: 0.7 }, settings });
    const here = await read('production-payment', { service: 'payment-service' });
    expect(here).toMatchObject({ value: { fraud_detection_threshold: 0.7 }, problems: [] });
    const elsewhere = await read('production-payment', { service: 'billing' });
    expect(elsewhere).toMatchObject({ value: { fraud_detection_threshold: 0.1 }, settings });
  });

  it('are refused with the place where they are not what they have to be', async () => {
    write({
      'base.yaml': 'plugins:\n  shop: 7\ndefault_plugins: shop\nplugin_settings:\n  shop:\n    service_specific: []\n',
    });
    const { problems } = await read('shop');
    const places = problems.map(({ line, message }) => `${line} ${message.split(' Correct')[0]}`);
    expect(places).toEqual([
      '2 "plugins.shop" must be a map of keys.',
      '3 "default_plugins" must be a list of plugins.',
      '6 "plugin_settings.shop.service_specific" must be a map of keys.',
    ]);
  });

  it('are refused where a key is nearly one that they know, and may hold what is others’', async () => {
    write({ 'base.yaml': 'database: {}\nservices: []\nplugin_setings:\n  shop:\n    enabled: false\n' });
    const { problems, settings } = await read('shop');
    expect(problems).toMatchObject([{ line: 3, code: 'BP_CONFIG_KEY_MISSPELT' }]);
    expect(problems[0]?.message).toContain('Did you mean "plugin_settings"?');
    expect(settings).toEqual({});
  });

  it('that cannot be read are a problem of each plugin, and of none when they are mended', async () => {
    write({ 'base.yaml': 'plugins: [' });
    const source = createConfigSource({ configDir: folder, environment: 'production' });
    expect((await source.pluginConfig('shop')).problems).toMatchObject([{ file: join(folder, 'base.yaml') }]);
    write({ 'base.yaml': 'plugins: {}' });
    source.refresh();
    expect((await source.pluginConfig('shop')).problems).toEqual([]);
  });
});

describe('environment variables', () => {
  const variables = {
    BACKPLANE_PLUGINS__TRUST_PKI__PKD_CACHE_TTL: '60',
    BACKPLANE_PLUGINS__TRUST_PKI__PKD__URL: 'https://pkd.example',
    MMF_PLUGINS__TRUST_PKI__PKD_CACHE_TTL: '70',
    MMF_PLUGINS__TRUST_PKI__ALGORITHMS: '[RSA-SHA256, ECDSA-SHA256]',
    BACKPLANE_PLUGINS__OTHER__PKD_CACHE_TTL: '80',
    BACKPLANE_PLUGINS__TRUST_PKI__ENABLED: 'false',
    BACKPLANE_PLUGINS__TRUST_PKI__CODE: '007',
    BACKPLANE_PLUGINS__TRUST_PKI____PROTO____X: '1',
  };

  it('lie over everything, as values and not only as texts', async () => {
    write({ 'plugins/trust-pki.yaml': 'default:\n  pkd_cache_ttl: 3600\n  pkd: { timeout: 3, url: none }\n' });
    const { value, settings, origins } = await read('trust-pki', { variables });
    expect(value).toMatchObject({
      pkd_cache_ttl: 60,
      pkd: { url: 'https://pkd.example', timeout: 3 },
      algorithms: ['RSA-SHA256', 'ECDSA-SHA256'],
    });
    expect(settings).toEqual({ enabled: false });
    expect(origins.get('/pkd_cache_ttl')).toEqual({
      layer: 'environment',
      variable: 'BACKPLANE_PLUGINS__TRUST_PKI__PKD_CACHE_TTL',
    });
    expect(origins.get('/algorithms/0')).toMatchObject({ variable: 'MMF_PLUGINS__TRUST_PKI__ALGORITHMS' });
    expect(origins.get('/pkd/timeout')?.layer).toBe('default');
    expect({}).not.toHaveProperty('x');
  });

  it('are text where the schema asks for text', async () => {
    const schema = {
      type: 'object',
      properties: { code: { type: 'string' }, pkd_cache_ttl: { type: 'integer' } },
    } as const;
    const configured = await read('trust-pki', { variables });
    const { config } = await validatePluginConfig(configured, normalizeConfigSchema(schema));
    expect(config).toMatchObject({ code: '007', pkd_cache_ttl: 60 });
  });
});

describe('what is wrong in a variable', () => {
  it('is told with its name', async () => {
    const variables = {
      BACKPLANE_PLUGINS__WEATHER__ENABLED: 'rubbish',
      MMF_PLUGINS__WEATHER__LIST: '[1, {]',
    };
    const wrong = async (given: Record<string, string>) => {
      const configured = await read('weather', { variables: given });
      const { error } = await validatePluginConfig(configured, normalizeConfigSchema({ city: { type: 'string' } }));
      return error?.message;
    };
    expect(await wrong(variables)).toMatch(
      /^ {2}BACKPLANE_PLUGINS__WEATHER__ENABLED "enabled" must be true or false\./m,
    );
    expect(await wrong(variables)).toMatch(/^ {2}MMF_PLUGINS__WEATHER__LIST/m);
    expect(await wrong({ BACKPLANE_PLUGINS__WEATHER__CITI: 'x' })).toContain(
      'BACKPLANE_PLUGINS__WEATHER__CITI "citi" is not a known key. Did you mean "city"?',
    );
  });
});

describe('precedence', () => {
  it('is base, environment file, plugin file default and environment, settings, API, variables: whichever are there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }), async (there) => {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
        const [base, production, fileDefault, fileProduction, settings, api, variable] = there;
        const files: Record<string, string> = {};
        if (base) files['base.yaml'] = 'plugins: { shop: { key: 1 } }\n';
        if (production) files['production.yaml'] = 'core: { api_gateway: { plugins: { shop: { key: 2 } } } }\n';
        if (settings) files['core.yaml'] = 'plugin_settings: { shop: { key: 5 } }\n';
        if (fileDefault || fileProduction) {
          files['plugins/shop.yaml'] =
            `${fileDefault ? 'default: { key: 3 }\n' : ''}${fileProduction ? 'production: { key: 4 }\n' : ''}`;
        }
        write(files);
        const { value } = await read('shop', {
          ...(api && { layersOver: () => [{ name: 'revision', value: { key: 6 } }] }),
          ...(variable && { variables: { BACKPLANE_PLUGINS__SHOP__KEY: '7' } }),
        });
        const highest = there.lastIndexOf(true);
        expect(value).toEqual(highest < 0 ? {} : { key: highest + 1 });
      }),
      { numRuns: 128 },
    );
  });
});

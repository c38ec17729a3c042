import { createTestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { apiOf } from './testing/api-client.ts';
import { writePlugins } from './testing/plugin-files.ts';

/** `MyCustomPlugin` of the ISP document, as a TypeScript developer writes it. */
const myCustomPlugin = `
import { PluginBase, service } from '@backplane/plugin-api';
export class MyCustomPlugin extends PluginBase {
  static readonly metadata = { name: 'my-custom-plugin', version: '1.0.0', description: 'A custom plugin example', provides: [service('my-custom-plugin.events')] };
  initialize() {
    this.context.provide(service('my-custom-plugin.events'), {
      process_customer_event: async (customer_data) => ({ processed: true, customer_id: customer_data.id, my_setting: this.context.config.my_setting }),
    });
  }
  health() {
    return {
      status: 'healthy',
      checks: [
        { name: 'configuration', status: 'pass', message: 'Configuration is valid' },
        { name: 'connectivity', status: 'pass', message: 'External services reachable' },
      ],
    };
  }
}
`;

describe('the plugin that is registered by the API', () => {
  const printed = {
    name: 'my_custom_plugin',
    display_name: 'My Custom Plugin',
    description: 'A custom plugin for demonstration',
    version: '1.0.0',
    author: 'Your Name',
    plugin_type: 'CUSTOM',
    module_path: 'plugins._held.my_custom_plugin',
    entry_point: 'MyCustomPlugin',
    config_schema: { my_setting: { type: 'string', default: 'default_value', description: 'My custom setting' } },
  };

  it('is told about, answers for its health and does what it is asked, with its setting', async () => {
    await using test = await createTestHost({
      prepare: (folder) => writePlugins(folder, { 'plugins/_held/my_custom_plugin.ts': myCustomPlugin }),
    });
    const ask = apiOf(test);
    const made = await ask('POST', '/plugins/', printed);
    expect(made.status).toBe(201);
    expect((await ask('GET', `/plugins/${made.body.plugin.id}`)).body).toMatchObject({
      name: 'my-custom-plugin',
      version: '1.0.0',
      status: 'running',
      description: 'A custom plugin for demonstration',
      config_schema: printed.config_schema,
    });
    expect((await ask('GET', '/plugins/my_custom_plugin/health')).body).toMatchObject({
      status: 'healthy',
      checks: [
        { name: 'configuration', status: 'pass', message: 'Configuration is valid' },
        { name: 'connectivity', status: 'pass', message: 'External services reachable' },
      ],
    });
    const run = () =>
      ask('POST', '/plugins/my_custom_plugin/execute', { method: 'process_customer_event', args: [{ id: 7 }] });
    expect((await run()).body.result).toEqual({ processed: true, customer_id: 7, my_setting: 'default_value' });
    await ask('POST', '/plugins/my_custom_plugin/config', { key: 'my_setting', value: 'mine' });
    expect((await run()).body.result).toMatchObject({ my_setting: 'mine' });
    expect((await ask('PUT', '/plugins/my_custom_plugin/config/my_setting', { value: 3 })).status).toBe(422);
  });
});

describe('the configuration schema', () => {
  const plugin = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'client',
  version: '1.0.0',
  config: {
    api_key: { type: 'string', required: true, encrypted: true, description: 'API key for external service' },
    timeout: { type: 'number', default: 30, description: 'Request timeout in seconds' },
    enabled_features: { type: 'array', items: { type: 'string' }, default: ['feature1', 'feature2'], description: 'List of enabled features' },
  },
  initialize({ http, config }) {
    http.routes((app) => app.get('/', async () => ({ ...config, api_key: config.api_key.length })));
  },
});
`;
  const start = (config: string) =>
    createTestHost({
      prepare: (folder) =>
        writePlugins(folder, { 'plugins/client.ts': plugin, 'config/plugins/client.yaml': `default: ${config}\n` }),
    });

  it('asks for what is required, gives defaults, checks types, hides what is encrypted, and is described', async () => {
    await using test = await start('{ api_key: hidden-from-all }');
    expect(await (await fetch(`${test.url}/client`)).json()).toEqual({
      api_key: 15,
      timeout: 30,
      enabled_features: ['feature1', 'feature2'],
    });
    const ask = apiOf(test);
    const { body } = await ask('GET', '/plugins/client');
    expect(body.config_schema.properties).toMatchObject({
      api_key: { encrypted: true, description: 'API key for external service' },
      timeout: { description: 'Request timeout in seconds' },
      enabled_features: { description: 'List of enabled features' },
    });
    const effective = (await ask('GET', '/admin/config?plugin=client')).body.plugins[0].values;
    expect(effective).toContainEqual(expect.objectContaining({ key: 'api_key', value: '***' }));
    expect(JSON.stringify([body, effective, test.log])).not.toContain('hidden-from-all');
  });

  it.each([
    ['{}', 'api_key'],
    ['{ api_key: 3 }', 'api_key'],
    ['{ api_key: k, timeout: soon }', 'timeout'],
    ['{ api_key: k, enabled_features: feature1 }', 'enabled_features'],
    ['{ api_key: k, enabled_features: [1] }', 'enabled_features.0'],
  ])('refuses %s', async (config, key) => {
    await using test = await start(config);
    expect(test.host.control.pluginStatus('client').state).toMatchObject({
      phase: 'refused',
      failure: { code: 'BP_CONFIG_INVALID', message: expect.stringContaining(`"${key}"`) },
    });
  });
});

describe('a health check that answers in the shape of the AICO document', () => {
  it('is shown with all that it says', async () => {
    const answer = `{
      status: 'healthy',
      state: 'running',
      metadata: { version: '1.0.0', priority: 40 },
      enabled: true,
      configuration: { has_config: true },
    }`;
    const plugin = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({ name: 'core', version: '1.0.0', initialize: () => ({ health: () => (${answer}) }) });
`;
    await using test = await createTestHost({
      prepare: (folder) => writePlugins(folder, { 'plugins/core.ts': plugin }),
    });
    const { body } = await apiOf(test)('GET', '/plugins/core/health');
    expect(body).toMatchObject({
      status: 'healthy',
      state: 'running',
      metadata: { version: '1.0.0', priority: 40 },
      enabled: true,
      configuration: { has_config: true },
    });
  });
});

import { join } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import { ExtensionPointsBody } from '@backplane/wire/bodies';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { apiOf } from './testing/api-client.ts';
import { type PluginFiles, writePlugins } from './testing/plugin-files.ts';

/** Owns points of three types, and an event; each can be asked for. */
const shop = `
import { definePlugin, extensionPoint } from '@backplane/plugin-api';
export const price = extensionPoint('shop.price', 'filter', {
  description: 'What an order costs.',
  parameters: { order: { type: 'object' } },
  returnType: { type: 'object' },
});
export const created = extensionPoint('customer_created', 'action', { parameters: { customer: 'Customer' } });
export const allowed = extensionPoint('shop.allowed', 'gate', { parameters: { order: 'Order' } });
export default definePlugin({
  name: 'shop', version: '1.0.0',
  initialize({ extensionPoints, http, events }) {
    const [pricing, creating, asking] = [price, created, allowed].map((point) => extensionPoints.registerExtensionPoint(point));
    http.routes((app) => {
      app.post('/price', async (request) => pricing.dispatch(request.body));
      app.post('/customers', async (request) => creating.dispatch(request.body));
      app.post('/allowed', async (request) => ({ answer: (await asking.dispatch(request.body)) ?? 'nobody minds' }));
      app.post('/events/:type', async (request) => { await events.publish(request.params.type, request.body); return {}; });
    });
  },
});`;

const tax = (version: string, rate: number) => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'tax', version: '${version}',
  initialize({ extensionPoints }) {
    extensionPoints.registerHandler('shop.price', async (order) => ({ ...order, total: order.total * ${rate} }), { name: 'vat', priority: 20 });
    extensionPoints.registerHandler('shop.price', (order) => ({ ...order, total: order.total - 10 }), {
      name: 'discount', priority: 10, when: { 'customer.tier': ['gold', 'silver'], total: { $gte: 100 } },
    });
    extensionPoints.registerHandler('shop.allowed', (order) => (order.total > 1000 ? 'too much' : undefined));
  },
});`;

/** The plugin of the reference, with the method that its hook names. */
const greeter = `
import { currentCall, definePlugin, service } from '@backplane/plugin-api';
const hooks = service('greeter.hooks');
export default definePlugin({
  name: 'greeter', version: '1.0.0', provides: [hooks],
  initialize({ provide }) {
    const seen = [];
    provide(hooks, {
      process_customer_event: async (customer) => { seen.push(customer.id); return { processed: true, customer_id: customer.id }; },
      seen: async () => seen,
      principal: async () => currentCall().principal.kind,
    });
  },
});`;

const start = (files: PluginFiles, isolation: Readonly<Record<string, 'process'>> = {}) =>
  createTestHost({ prepare: (folder) => writePlugins(folder, files), isolation });

const post = async (test: TestHost, path: string, body: unknown) => {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(test.url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
};

const gold = { total: 200, customer: { tier: 'gold' } };

describe.each(['inline', 'process'])('extension points of plugins, with a handler that runs %s', (level) => {
  it('are called in order, under their conditions, and shown with what came of it', async () => {
    const files = { 'plugins/shop.ts': shop, 'plugins/tax.ts': tax('1.0.0', 2) };
    await using test = await start(files, level === 'process' ? { tax: 'process' } : {});
    expect(await post(test, '/shop/price', gold)).toMatchObject({ total: 380 });
    expect(await post(test, '/shop/price', { total: 200, customer: { tier: 'iron' } })).toMatchObject({ total: 400 });
    expect(await post(test, '/shop/allowed', { total: 5 })).toEqual({ answer: 'nobody minds' });
    expect(await post(test, '/shop/allowed', { total: 5000 })).toEqual({ answer: 'too much' });

    const answer = await fetch(`${test.url}/extension-points`, { headers: test.management });
    const page = (await answer.json()) as ExtensionPointsBody;
    expect(Value.Errors(ExtensionPointsBody, page)).toEqual([]);
    const point = page.extension_points.find(({ name }) => name === 'shop.price');
    expect(point).toMatchObject({
      type: 'filter',
      version: '1.0.0',
      owner: 'shop',
      failure: 'stop',
      dispatches: 2,
      parameters: { order: { type: 'object' } },
      handlers: [
        { plugin: 'tax', name: 'discount', priority: 10, calls: 1, failures: 0, when: { total: { $gte: 100 } } },
        { plugin: 'tax', name: 'vat', priority: 20, calls: 2, failures: 0, last_failure: null },
      ],
    });

    await writePlugins(test.folder, { 'plugins/tax.ts': tax('1.1.0', 3) });
    await test.host.reload('tax');
    expect(await post(test, '/shop/price', gold)).toMatchObject({ total: 570 });
    await test.host.reload('shop');
    expect(await post(test, '/shop/price', gold)).toMatchObject({ total: 570 });
  });
});

describe('a point that a plugin in a process of its own owns', () => {
  it('is dispatched in the host, to handlers wherever they run', async () => {
    const files = { 'plugins/shop.ts': shop, 'plugins/tax.ts': tax('1.0.0', 2) };
    await using test = await start(files, { shop: 'process' });
    expect(await post(test, '/shop/price', gold)).toMatchObject({ total: 380 });
  });
});

describe('a hook that is registered through the API', () => {
  const files = { 'plugins/shop.ts': shop, 'plugins/greeter.ts': greeter };
  const printed = {
    hook_name: 'customer_created',
    hook_type: 'action',
    callback_method: 'process_customer_event',
    priority: 100,
    description: 'Process customer creation events',
  };
  const seen = async (test: TestHost) =>
    (await apiOf(test)('POST', '/plugins/greeter/execute', { method: 'seen' })).body.result;

  it('is live at once as printed, over a start too, and gone at once', async () => {
    await using test = await start(files);
    const ask = apiOf(test);
    expect(await post(test, '/shop/customers', { id: 7 })).toEqual([]);
    const made = await ask('POST', '/plugins/greeter/hooks', printed);
    expect(made.status).toBe(201);
    expect(await post(test, '/shop/customers', { id: 7 })).toEqual([{ processed: true, customer_id: 7 }]);
    const page = await (await fetch(`${test.url}/extension-points`, { headers: test.management })).json();
    const point = (page as ExtensionPointsBody).extension_points.find(({ name }) => name === 'customer_created');
    expect(point?.handlers).toMatchObject([{ plugin: 'greeter', name: 'process_customer_event', form: 'stored' }]);
    await ask('DELETE', `/plugins/greeter/hooks/${made.body.id}`);
    expect(await post(test, '/shop/customers', { id: 8 })).toEqual([]);
    expect(await seen(test)).toEqual([7]);
    await ask('POST', '/plugins/greeter/hooks', printed);
    await test.host.stop();
    const dataDir = join(test.folder, 'data');
    await using again = await createTestHost({ prepare: (folder) => writePlugins(folder, files), dataDir });
    expect(await post(again, '/shop/customers', { id: 9 })).toEqual([{ processed: true, customer_id: 9 }]);
  });

  it('is called for events of that type, under its conditions, on behalf of whoever publishes', async () => {
    await using test = await start(files);
    const ask = apiOf(test);
    const event = { ...printed, hook_name: 'user.*', hook_type: 'event', conditions: { country: 'DE' } };
    expect((await ask('POST', '/plugins/greeter/hooks', event)).status).toBe(201);
    await post(test, '/shop/events/user.created', { id: 1, country: 'DE' });
    await post(test, '/shop/events/user.created', { id: 2, country: 'FR' });
    await post(test, '/shop/events/order.created', { id: 3, country: 'DE' });
    expect(await seen(test)).toEqual([1]);
    await ask('POST', '/plugins/greeter/hooks', { ...printed, callback_method: 'principal' });
    expect(await post(test, '/shop/customers', { id: 9 })).toEqual(['anonymous']);
  });

  it('is refused where its method, its conditions or its type cannot be right', async () => {
    await using test = await start(files);
    const ask = apiOf(test);
    const refused = async (more: object) => (await ask('POST', '/plugins/greeter/hooks', { ...printed, ...more })).body;
    expect(await refused({ callback_method: 'nothing' })).toMatchObject({ status: 404, code: 'BP_METHOD_UNKNOWN' });
    expect(await refused({ conditions: { a: { $like: 'b' } } })).toMatchObject({ code: 'BP_HOOK_CONDITIONS' });
    expect(await refused({ hook_type: 'filter' })).toMatchObject({ status: 409, code: 'BP_HOOK_TYPE' });
    expect((await ask('GET', '/plugins/greeter/hooks')).body.items).toEqual([]);
  });
});

describe('the points that every host has', () => {
  it('fire where their names say: requests, answers, health, metrics and services are other than without', async () => {
    const guard = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'guard', version: '1.0.0', phase: 'security',
  initialize({ extensionPoints }) {
    extensionPoints.registerHandler('middleware.pre_request', (request) => request.headers['x-blocked'] ? request.respond({ status: 451 }) : undefined, { priority: 1 });
    extensionPoints.registerHandler('middleware.post_response', (request, response) => response.headers.set('x-guarded', 'yes'));
    extensionPoints.registerHandler('health.check', () => ({ healthy: true, message: 'rested' }), { name: 'mood' });
    extensionPoints.registerHandler('metrics.collect', () => ({ guard_moods: 3 }));
    extensionPoints.registerHandler('service.pre_register', async (info) => ({ ...info, metadata: { guarded: true } }), { priority: 10 });
  },
});`;
    await using test = await start({ ...files(), 'plugins/guard.ts': guard });
    const answer = await fetch(`${test.url}/shop/price`, { method: 'POST' });
    expect(answer.headers.get('x-guarded')).toBe('yes');
    expect((await fetch(`${test.url}/shop/price`, { headers: { 'x-blocked': '1' } })).status).toBe(451);
    const health = await fetch(`${test.url}/plugins/guard/health`, { headers: test.management });
    expect(await health.json()).toMatchObject({ status: 'healthy', checks: [{ name: 'mood', message: 'rested' }] });
    expect(await (await fetch(`${test.url}/metrics`)).text()).toContain('guard_moods');
    const lister = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'lister', version: '1.0.0',
  initialize({ http, registry }) { http.routes((app) => void app.get('/', async () => registry.discover({ plugin: 'greeter' }))); },
});`;
    await writePlugins(test.folder, { 'plugins/lister.ts': lister });
    await test.host.rescan();
    expect(await (await fetch(`${test.url}/lister/`)).json()).toMatchObject([
      { id: 'greeter.hooks', metadata: { guarded: true } },
    ]);
  });
  const files = () => ({ 'plugins/shop.ts': shop, 'plugins/greeter.ts': greeter });
});

describe('config.load', () => {
  const vault = (phase: string, body: string) => `
import { definePlugin, service } from '@backplane/plugin-api';
const control = service('vault.control');
export default definePlugin({
  name: 'vault', version: '1.0.0', phase: '${phase}', provides: [control],
  initialize({ extensionPoints, provide }) {
    let limit = 5;
    extensionPoints.registerHandler('config.load', async () => { ${body} });
    provide(control, { set: async (next) => { limit = next; extensionPoints.notice('config.load'); } });
  },
});`;
  /** Does not run without a key that no file has. */
  const orders = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'orders', version: '1.0.0',
  config: { limit: { type: 'integer', required: true }, region: { type: 'string', default: 'eu' } },
  initialize({ config, http, plugin }) { http.routes((app) => void app.get('/', () => ({ ...config, instance: plugin.instance }))); },
});`;
  const gives = 'return { orders: { limit, region: "vault" }, nonsense: 5 };';
  const orderConfig = async (test: TestHost) => (await fetch(`${test.url}/orders/`)).json();
  async function until(test: TestHost, expected: object): Promise<void> {
    await expect.poll(() => orderConfig(test), { timeout: 5000 }).toMatchObject(expected);
  }

  it('of infrastructure configures others before they start: over the files, below the API', async () => {
    await using test = await start({
      'plugins/vault.ts': vault('infrastructure', gives),
      'plugins/orders.ts': orders,
      'config/plugins/orders.yaml': 'default:\n  region: file\n',
    });
    expect(await orderConfig(test)).toEqual({ limit: 5, region: 'vault', instance: 1 });
    const ask = apiOf(test);
    const { body } = await ask('GET', '/admin/config?plugin=orders');
    const limit = body.plugins[0].values.find(({ key }: { key: string }) => key === 'limit');
    expect(limit).toMatchObject({ value: 5, layer: 'config.load of vault' });
    expect(test.log.filter((line) => line.includes('is no map of keys'))).toHaveLength(1);
    await ask('PUT', '/plugins/orders/config', { config: { region: 'api' } });
    expect(await orderConfig(test)).toMatchObject({ limit: 5, region: 'api' });
    await ask('POST', '/plugins/vault/execute', { method: 'set', args: [9] });
    await until(test, { limit: 9, region: 'api' });
    await ask('POST', '/plugins/vault/execute', { method: 'set', args: ['many'] });
    await expect
      .poll(() => test.host.control.pluginStatus('orders').lastChange)
      .toMatchObject({ outcome: 'returned', failure: { code: 'BP_CONFIG_INVALID' } });
    expect(await orderConfig(test)).toMatchObject({ limit: 9 });
  });

  it('of any other phase configures them again, and a handler that fails gives nothing', async () => {
    await using test = await start({ 'plugins/vault.ts': vault('business', gives), 'plugins/orders.ts': orders });
    await until(test, { limit: 5, region: 'vault' });
    await writePlugins(test.folder, { 'plugins/vault.ts': vault('business', 'throw new Error("sealed");') });
    await test.host.reload('vault');
    await expect.poll(() => test.log.some((line) => line.includes('config.load failed: sealed'))).toBe(true);
  });
});

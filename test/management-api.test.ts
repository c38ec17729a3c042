import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { apiOf } from './testing/api-client.ts';
import { calculator, sells, startShop as start } from './testing/api-plugins.ts';
import { writePlugins } from './testing/plugin-files.ts';

describe('plugins', () => {
  it('are listed with numbers that stay, by pages and filters', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 7 }, (_, index) => [
        `p${index}/plugin.ts`,
        sells(`p${index}`, '1.0.0', index === 3 ? "type: 'utility'," : ''),
      ]),
    );
    await using test = await start(many);
    const ask = apiOf(test);
    const { body } = await ask('GET', '/plugins/');
    expect(body).toMatchObject({ total: 8, next_cursor: null });
    const own = body.items.find(({ name }: { name: string }) => name === 'orders');
    expect(own).toMatchObject({
      id: expect.any(Number),
      display_name: 'Orders',
      description: 'Sells things.',
      version: '1.2.0',
      author: 'shop',
      plugin_type: 'BILLING',
      enabled: true,
      status: 'running',
      config_schema: { properties: { token: { encrypted: true } } },
    });
    expect((await ask('GET', `/plugins/${own.id}`)).body).toEqual(own);
    expect((await ask('GET', '/plugins/orders/')).body).toEqual(own);
    const names: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = (await ask('GET', `/plugins?limit=3${query}`)).body;
      names.push(...page.items.map(({ name }: { name: string }) => name));
      cursor = page.next_cursor;
    }
    expect(names).toEqual(['orders', 'p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6']);
    const found = async (query: string) =>
      (await ask('GET', `/plugins?${query}`)).body.items.map(({ name }: { name: string }) => name);
    expect(await found('plugin_type=Billing')).toEqual(['orders']);
    expect(await found('search=SELLS')).toEqual(['orders']);
    expect(await found('status=failed')).toEqual([]);
    expect(await found('plugin_type=UTILITY&enabled=true')).toEqual(['p3']);
    expect((await ask('GET', '/plugins?limit=0&colour=red')).body).toMatchObject({
      code: 'BP_API_INVALID',
      errors: [
        { in: 'querystring', pointer: '/colour' },
        { in: 'querystring', pointer: '/limit' },
      ],
    });
    expect((await ask('GET', '/plugins/nobody')).status).toBe(404);
    expect((await ask('GET', '/plugins/999')).status).toBe(404);
    expect((await ask('PATCH', '/plugins/orders')).status).toBe(405);
    expect((await ask('GET', '/plugins/stats')).body).toMatchObject({
      total: 8,
      running: 8,
      by_type: { BILLING: 1, CUSTOM: 6, UTILITY: 1 },
      revision: 0,
    });
  });

  it('are registered as printed, run, are told about, and forgotten', async () => {
    await using test = await start({ 'lib/my_custom_plugin.ts': 'export class MyCustomPlugin {}', '_hidden/x.ts': '' });
    const ask = apiOf(test);
    await writePlugins(join(test.folder, 'plugins'), {
      '_more/my_custom_plugin.ts': sells('my-custom-plugin', '1.0.0').replace(
        'export default',
        'export const MyCustomPlugin =',
      ),
    });
    const printed = {
      name: 'my_custom_plugin',
      display_name: 'My Custom Plugin',
      description: 'A custom plugin for demonstration',
      version: '1.0.0',
      author: 'Your Name',
      plugin_type: 'CUSTOM',
      module_path: 'plugins._more.my_custom_plugin',
      entry_point: 'MyCustomPlugin',
      config_schema: { my_setting: { type: 'string', default: 'default_value', description: 'My custom setting' } },
    };
    const planned = await ask('POST', '/plugins/?dry_run=true', printed);
    expect(planned).toMatchObject({ status: 200, body: { plugin: null, change: { dry_run: true } } });
    expect(planned.body.change.steps).toMatchObject([{ plugin: 'my-custom-plugin', action: 'add' }]);
    expect((await ask('GET', '/plugins/my_custom_plugin')).status).toBe(404);

    const made = await ask('POST', '/plugins/', printed);
    expect(made).toMatchObject({
      status: 201,
      body: {
        plugin: {
          name: 'my-custom-plugin',
          display_name: 'My Custom Plugin',
          author: 'Your Name',
          plugin_type: 'CUSTOM',
          module_path: 'plugins._more.my_custom_plugin',
          entry_point: 'MyCustomPlugin',
          status: 'running',
        },
        change: { revision: 1, steps: [{ action: 'add', outcome: 'applied' }] },
      },
    });
    expect(made.headers.get('location')).toBe(`/api/v1/plugins/${made.body.plugin.id}`);
    expect(await (await fetch(`${test.url}/my-custom-plugin/`)).text()).toBe('my-custom-plugin 1.0.0');
    expect((await ask('POST', '/plugins/', { ...printed, module_path: 'plugins.orders' })).body).toMatchObject({
      code: 'BP_API_PLUGIN_EXISTS',
    });

    const updated = await ask('PUT', '/plugins/my_custom_plugin', { description: 'Other', plugin_type: 'Utility' });
    expect(updated.body.plugin).toMatchObject({ description: 'Other', plugin_type: 'UTILITY', status: 'running' });
    expect((await ask('PUT', '/plugins/my_custom_plugin', { plugin_type: 'none' })).status).toBe(422);

    expect(await ask('DELETE', '/plugins/my_custom_plugin')).toMatchObject({
      status: 200,
      body: { change: { steps: [{ action: 'remove', outcome: 'applied' }] } },
    });
    expect((await fetch(`${test.url}/my-custom-plugin/`)).status).toBe(404);
    expect((await ask('GET', '/plugins/my_custom_plugin')).status).toBe(404);
    expect((await ask('DELETE', '/plugins/orders')).body).toMatchObject({
      status: 409,
      code: 'BP_API_PLUGIN_IN_FOLDER',
    });
  });

  it.each([
    ['../../outside.ts', 422],
    ['/etc/passwd', 422],
    ['plugins.nowhere', 422],
  ])('of the module %s are refused, and nothing is kept', async (module_path, status) => {
    await using test = await start();
    const ask = apiOf(test);
    const refused = await ask('POST', '/plugins', { name: 'evil', module_path, entry_point: 'X' });
    expect(refused).toMatchObject({ status, body: { code: 'BP_MODULE_REFUSED' } });
    expect((await ask('GET', '/admin/revisions')).body).toMatchObject({ current: 0, items: [] });
  });

  it('are installed from a folder, upgraded without a failed request, rolled back, and removed', async () => {
    await using test = await start();
    const ask = apiOf(test);
    const source = join(test.folder, 'elsewhere', 'shop');
    const write = async (version: string) => {
      await writePlugins(source, {
        'plugin.yaml': `name: shop\nversion: "${version}"\n`,
        'plugin.ts': sells('shop', version),
      });
    };
    await write('1.0.0');
    const installed = await ask('POST', '/plugins/install', { source });
    expect(installed).toMatchObject({
      status: 201,
      body: { plugin: { name: 'shop', version: '1.0.0', status: 'running' } },
    });
    // What becomes of the source is the author's affair.
    await write('2.0.0');
    expect(await (await fetch(`${test.url}/shop/`)).text()).toBe('shop 1.0.0');

    let going = true;
    const seen = new Set<string>();
    const load = (async () => {
      while (going) {
        const response = await fetch(`${test.url}/shop/`);
        seen.add(response.status === 200 ? await response.text() : String(response.status));
      }
    })();
    const upgraded = await ask('POST', '/plugins/install', { source });
    expect(upgraded.body.change.steps).toMatchObject([
      { plugin: 'shop', action: 'replace', from_version: '1.0.0', to_version: '2.0.0', outcome: 'applied' },
    ]);
    const back = await ask('POST', `/admin/revisions/${installed.body.change.revision}/rollback`);
    expect(back.body.steps).toMatchObject([{ action: 'replace', from_version: '2.0.0', to_version: '1.0.0' }]);
    going = false;
    await load;
    expect([...seen].sort()).toEqual(['shop 1.0.0', 'shop 2.0.0']);

    await writePlugins(source, { 'plugin.ts': 'export default 1;' });
    const broken = await ask('POST', '/plugins/install', { source });
    expect(broken).toMatchObject({ status: 422, body: { code: 'BP_CHANGE_REFUSED' } });
    expect(await readdir(join(test.folder, 'data', 'installed'))).toHaveLength(2);
    expect(await (await fetch(`${test.url}/shop/`)).text()).toBe('shop 1.0.0');
    expect((await ask('DELETE', '/plugins/shop')).status).toBe(200);
    expect((await fetch(`${test.url}/shop/`)).status).toBe(404);
    expect((await ask('POST', '/plugins/install', { source: 'relative' })).body.code).toBe('BP_INSTALL_REFUSED');
  });

  it('are switched off and on, also over what their files say, and stay so after a start', async () => {
    await using test = await start({
      'shop/plugin.ts': sells('shop', '1.0.0', "dependencies: { orders: '^1.0.0' },"),
      'off/plugin.yaml': 'name: off\nversion: "1.0.0"\nenabled: false\n',
      'off/plugin.ts': sells('off'),
    });
    const ask = apiOf(test);
    expect((await ask('POST', '/plugins/off/enable')).body.plugin).toMatchObject({ enabled: true, status: 'running' });
    const plan = await ask('POST', '/plugins/orders/disable?dry_run=true');
    expect(
      plan.body.change.steps.map(({ plugin, action }: { plugin: string; action: string }) => [plugin, action]).sort(),
    ).toEqual([
      ['orders', 'remove'],
      ['shop', 'remove'],
    ]);
    expect((await fetch(`${test.url}/shop/`)).status).toBe(200);
    const done = await ask('POST', '/plugins/orders/disable');
    expect(done.body.plugin).toMatchObject({ enabled: false, status: 'disabled' });
    expect(done.body.change.steps.map(({ plugin }: { plugin: string }) => plugin).sort()).toEqual(
      plan.body.change.steps.map(({ plugin }: { plugin: string }) => plugin).sort(),
    );
    expect((await ask('GET', '/plugins/shop')).body).toMatchObject({ status: 'refused' });
    expect((await ask('POST', '/plugins/orders/enable')).body.plugin).toMatchObject({ status: 'running' });
    expect((await fetch(`${test.url}/shop/`)).status).toBe(200);
    await ask('POST', '/plugins/shop/disable');
    await test.host.stop();
    const { folder } = test;
    await using again = await createTestHost({
      pluginPaths: [join(folder, 'plugins')],
      dataDir: join(folder, 'data'),
      configDir: join(folder, 'config'),
    });
    const states = again.start.plugins.map(({ name, state }) => [name, state.phase]);
    expect(states).toEqual([
      ['off', 'running'],
      ['orders', 'running'],
      ['shop', 'disabled'],
    ]);
    expect((await apiOf(again)('GET', '/plugins/shop')).body.dependencies).toMatchObject([{ name: 'orders' }]);
  });

  it('are called by service and method', async () => {
    await using test = await start({ 'calculator/plugin.ts': calculator });
    const ask = apiOf(test);
    const run = (body: unknown) => ask('POST', '/plugins/calculator/execute', body);
    expect((await run({ method: 'add', args: [1, 2] })).body).toMatchObject({
      plugin: 'calculator',
      service: 'calculator.sums',
      method: 'add',
      result: 3,
    });
    expect((await run({ method: 'sums.total', parameters: { numbers: [1, 2, 3] } })).body).toMatchObject({ result: 6 });
    expect((await run({ method: 'add', service: 'calculator.sums', args: [2, 2] })).body).toMatchObject({ result: 4 });
    expect(await run({ method: 'divide' })).toMatchObject({ status: 404, body: { code: 'BP_METHOD_UNKNOWN' } });
    expect(await run({ method: 'constructor' })).toMatchObject({ status: 404 });
    expect(await run({ method: 'fail' })).toMatchObject({
      status: 422,
      body: { code: 'BP_API_EXECUTE_FAILED', detail: expect.stringContaining('Out of numbers.') },
    });
    expect(await run({ method: 'circular' })).toMatchObject({ status: 422 });
    expect(await run({})).toMatchObject({ status: 400, body: { errors: [{ in: 'body', pointer: '/method' }] } });
    expect((await ask('GET', '/plugins/calculator/health')).body).toMatchObject({
      status: 'healthy',
      plugin: 'calculator',
    });
    expect((await ask('POST', '/plugins/calculator/reload')).body).toMatchObject({
      plugin: { status: 'running' },
      change: { steps: [{ plugin: 'calculator', action: 'replace', outcome: 'applied' }] },
    });
  });

  it('are changed many at once, in the order of their dependencies', async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [
        `c${index}/plugin.ts`,
        sells(`c${index}`, '1.0.0', index === 0 ? '' : `dependencies: { c${index - 1}: '^1.0.0' },`),
      ]),
    );
    await using test = await start(chain);
    const ask = apiOf(test);
    const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
    const order = (body: { results: readonly { plugin: string }[] }) => body.results.map(({ plugin }) => plugin);
    const shuffled = [...names].sort((a, b) => (a.at(-1) as string).localeCompare(b.at(-1) as string));

    const planned = await ask('POST', '/plugins/bulk', {
      operation: 'disable',
      plugin_ids: shuffled,
      atomic: true,
      dry_run: true,
    });
    expect(planned.body).toMatchObject({ succeeded: 20, failed: 0, dry_run: true });
    const off = await ask('POST', '/plugins/bulk', { operation: 'disable', plugin_ids: shuffled, atomic: true });
    expect(order(off.body)).toEqual([...names].reverse());
    const steps = (body: { results: readonly { steps: readonly { plugin: string; action: string }[] }[] }) =>
      body.results.flatMap((result) => result.steps.map(({ plugin, action }) => `${action} ${plugin}`)).sort();
    expect(steps(off.body)).toEqual(steps(planned.body));
    expect((await ask('GET', '/plugins/stats')).body.running).toBe(1);

    const on = await ask('POST', '/plugins/bulk', { operation: 'enable', plugin_ids: [...shuffled, 'nobody'] });
    expect(on.body).toMatchObject({ succeeded: 20, failed: 1 });
    expect(on.body.results[0]).toMatchObject({ plugin_id: 'nobody', outcome: 'failed', code: 'BP_API_PLUGIN_UNKNOWN' });
    expect(order(on.body).slice(1)).toEqual(names);
    expect((await ask('GET', '/plugins/stats')).body.running).toBe(21);
    const again = await ask('POST', '/plugins/bulk', { operation: 'enable', plugin_ids: names });
    expect(again.body.results.every(({ outcome }: { outcome: string }) => outcome === 'unchanged')).toBe(true);
    const none = await ask('POST', '/plugins/bulk', {
      operation: 'disable',
      plugin_ids: ['c19', 'nobody'],
      atomic: true,
    });
    expect(none.body.results.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['failed', 'skipped']);
    expect((await ask('GET', '/plugins/stats')).body.running).toBe(21);
  });
});

describe('a write', () => {
  it('with a key is carried out once, however often it is sent', async () => {
    await using test = await start();
    const ask = apiOf(test);
    const headers = { 'idempotency-key': 'one' };
    const body = { key: 'timeout', value: 60 };
    const first = await ask('POST', '/plugins/orders/config', body, headers);
    const again = await ask('POST', '/plugins/orders/config', body, headers);
    expect(first.status).toBe(201);
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(await ask('POST', '/plugins/orders/config', { ...body, value: 61 }, headers)).toMatchObject({
      status: 422,
      body: { code: 'BP_API_KEY_OTHER_REQUEST' },
    });
    const racing = await Promise.all(
      Array.from({ length: 5 }, () => ask('POST', '/plugins/orders/disable', undefined, { 'idempotency-key': 'two' })),
    );
    expect(racing.every(({ status }) => status === 200 || status === 409)).toBe(true);
    expect((await ask('GET', '/admin/revisions')).body.current).toBe(2);
    expect(
      (await ask('POST', '/plugins/orders/enable', undefined, { 'idempotency-key': 'ä b'.repeat(1) })).status,
    ).toBe(400);
  });

  it('is refused without the token, from other origins, and with what is no JSON', async () => {
    await using test = await start();
    const path = `${test.url}/api/v1/plugins/orders/config`;
    const json = { 'content-type': 'application/json' };
    expect((await fetch(path)).status).toBe(401);
    expect((await fetch(path, { headers: { ...test.management, origin: 'http://evil.example' } })).status).toBe(403);
    const post = async (body: string, headers: Record<string, string>) => {
      const response = await fetch(path, { method: 'POST', body, headers: { ...test.management, ...headers } });
      return [response.status, ((await response.json()) as { code: string }).code];
    };
    expect(await post('{', json)).toEqual([400, 'BP_MANAGEMENT_BAD_REQUEST']);
    expect(await post('key=a', { 'content-type': 'application/x-www-form-urlencoded' })).toEqual([
      415,
      'BP_API_MEDIA_TYPE',
    ]);
    expect(await post('{"__proto__":{"x":1},"key":"a","value":1}', json)).toEqual([400, 'BP_MANAGEMENT_BAD_REQUEST']);
    expect(await post(JSON.stringify({ key: 'a', value: 'x'.repeat(2 ** 20) }), json)).toEqual([
      413,
      'BP_API_BODY_TOO_LARGE',
    ]);
    expect(await post('', json)).toEqual([400, 'BP_API_INVALID']);
  });
});

describe('diagnostics', () => {
  it('tell what the host is, runs and holds', async () => {
    await using test = await start();
    const ask = apiOf(test);
    expect((await ask('GET', '/admin/environment')).body).toMatchObject({
      environment: 'development',
      database: 'libsql',
      master_key: 'file',
      pid: process.pid,
    });
    expect((await ask('GET', '/admin/generations')).body).toMatchObject({
      generation: 1,
      changes: [{ steps: [{ plugin: 'orders', action: 'add', outcome: 'applied' }] }],
    });
    expect((await ask('GET', '/admin/scopes')).body.plugins).toMatchObject([{ plugin: 'orders', instance: 1 }]);
    expect((await ask('GET', '/admin/event-loop?seconds=0.1')).body).toMatchObject({ measured_ms: 100 });
    expect((await ask('GET', '/admin/memory')).body.rss_bytes).toBeGreaterThan(1e6);
    expect((await ask('PUT', '/admin/log-levels', { namespace: 'plugins.orders', level: 'debug' })).body).toEqual({
      levels: { '': 'info', 'plugins.orders': 'debug' },
    });
    expect((await ask('PUT', '/admin/log-levels', { namespace: 'x', level: 'loud' })).status).toBe(400);
    expect((await ask('GET', '/admin/support-bundle')).body).toMatchObject({ plugins: [{ name: 'orders' }] });
  });

  it('of hooks and templates keep what is registered', async () => {
    await using test = await start({ 'calculator/plugin.ts': calculator });
    const ask = apiOf(test);
    const printed = {
      hook_name: 'customer_created',
      hook_type: 'action',
      callback_method: 'add',
      priority: 100,
      description: 'Process customer creation events',
    };
    const made = await ask('POST', '/plugins/calculator/hooks', printed);
    expect(made).toMatchObject({ status: 201, body: { ...printed, conditions: null, active: true } });
    expect((await ask('POST', '/plugins/calculator/hooks', printed)).status).toBe(409);
    await ask('POST', '/plugins/calculator/hooks', { ...printed, callback_method: 'sums.total', priority: 1 });
    const list = (await ask('GET', '/plugins/calculator/hooks')).body;
    expect(list.items.map(({ callback_method }: { callback_method: string }) => callback_method)).toEqual([
      'sums.total',
      'add',
    ]);
    expect((await ask('DELETE', `/plugins/calculator/hooks/${made.body.id}`)).status).toBe(200);
    expect((await ask('GET', '/plugins/calculator/hooks')).body.total).toBe(1);

    const template = { name: 'mail', plugin_type: 'COMMUNICATION', files: { 'plugin.ts': 'export {};' } };
    expect(await ask('POST', '/plugins/templates', template)).toMatchObject({ status: 201, body: template });
    expect((await ask('POST', '/plugins/templates', template)).status).toBe(409);
    expect((await ask('GET', '/plugins/templates?plugin_type=communication')).body.items).toMatchObject([template]);
    expect((await ask('GET', '/plugins/registry')).body).toEqual({ items: [], next_cursor: null });
  });
});

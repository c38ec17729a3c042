import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { apiOf } from './testing/api-client.ts';
import { calculator, sells, served, startShop as start } from './testing/api-plugins.ts';

const CANARY = 'canary-4f1c-never-to-be-seen';

describe('configuration through the API', () => {
  it('reaches the plugin key by key, lies over the files, and is refused whole where it is invalid', async () => {
    await using test = await start();
    const ask = apiOf(test);
    await mkdir(join(test.folder, 'config', 'plugins'), { recursive: true });
    await writeFile(join(test.folder, 'config', 'plugins', 'orders.yaml'), 'default:\n  timeout: 5\n  region: us\n');
    await test.host.reload('orders');
    expect(await served(test)).toEqual({ timeout: 5, region: 'us', knows: 0 });

    const made = await ask('POST', '/plugins/orders/config', { key: 'timeout', value: 60 });
    expect(made).toMatchObject({ status: 201, body: { key: 'timeout', value: 60, encrypted: false } });
    expect(await served(test)).toEqual({ timeout: 60, region: 'us', knows: 0 });
    expect(await ask('POST', '/plugins/orders/config', { key: 'timeout', value: 1 })).toMatchObject({
      status: 409,
      body: { code: 'BP_API_CONFIG_EXISTS' },
    });

    const refused = await ask('PUT', `/plugins/orders/config/${made.body.id}`, { value: 'long' });
    expect(refused).toMatchObject({ status: 422, body: { code: 'BP_CHANGE_REFUSED' } });
    expect(refused.body.details.plugins[0]).toMatchObject({
      plugin: 'orders',
      code: 'BP_CONFIG_INVALID',
      issues: [{ path: ['timeout'], expected: 'a number' }],
    });
    expect(await served(test)).toEqual({ timeout: 60, region: 'us', knows: 0 });
    const misspelt = await ask('POST', '/plugins/orders/config', { key: 'regoin', value: 'us' });
    expect(misspelt.body.details.plugins[0].issues).toMatchObject([{ nearest: 'region' }]);

    const planned = await ask('PUT', '/plugins/orders/config/timeout?dry_run=true', { value: 90 });
    expect(planned.body).toMatchObject({
      plugin: null,
      change: {
        dry_run: true,
        differences: [{ plugin: 'orders', key: 'config.timeout', before: 60, after: 90 }],
        steps: [{ plugin: 'orders', action: 'replace', reason: 'configuration changed' }],
      },
    });
    await ask('PUT', '/plugins/orders/config/timeout', { value: 90 });
    expect(await served(test)).toMatchObject({ timeout: 90 });

    const effective = (await ask('GET', '/admin/config?plugin=orders')).body.plugins[0];
    expect(effective.values.find(({ key }: { key: string }) => key === 'timeout')).toEqual({
      key: 'timeout',
      value: 90,
      layer: 'api',
      place: null,
      hidden: [{ layer: 'default', place: expect.stringMatching(/orders\.yaml:2:\d+$/) }],
    });
    await ask('PUT', '/plugins/orders/config', { config: { region: 'asia', 'smtp.host': 'mail' } });
    expect(await served(test)).toEqual({ timeout: 5, region: 'asia', knows: 0 });
    const list = (await ask('GET', '/plugins/orders/config')).body;
    expect(list.items.map(({ key }: { key: string }) => key).sort()).toEqual(['region', 'smtp.host']);
    await ask('DELETE', '/plugins/orders/config/region');
    expect(await served(test)).toEqual({ timeout: 5, region: 'us', knows: 0 });
    for (const key of ['__proto__', 'a.__proto__.b', '', 'a b', 'enabled'])
      expect([400, 422]).toContain((await ask('POST', '/plugins/orders/config', { key, value: 1 })).status);
  });

  it('that an environment variable decides cannot be written', async () => {
    await using test = await start({}, { variables: { BACKPLANE_PLUGINS__ORDERS__TIMEOUT: '7' } });
    const ask = apiOf(test);
    expect(await ask('POST', '/plugins/orders/config', { key: 'timeout', value: 60 })).toMatchObject({
      status: 409,
      body: { code: 'BP_CONFIG_PINNED', detail: expect.stringContaining('BACKPLANE_PLUGINS__ORDERS__TIMEOUT') },
    });
    expect((await ask('POST', '/plugins/orders/config', { key: 'region', value: 'us' })).status).toBe(201);
    expect(await served(test)).toMatchObject({ timeout: 7, region: 'us' });
  });

  it('is changed by one of two writers who saw the same, and the other is told', async () => {
    await using test = await start();
    const ask = apiOf(test);
    const etag = (await ask('GET', '/plugins/orders')).headers.get('etag') ?? '';
    const both = await Promise.all(
      [1, 2].map((timeout) => ask('PUT', '/plugins/orders/config', { config: { timeout } }, { 'if-match': etag })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    const winner = both.findIndex(({ status }) => status === 200) + 1;
    expect(await served(test)).toMatchObject({ timeout: winner });
    const now = both.find(({ status }) => status === 200)?.headers.get('etag') ?? '';
    expect(now).not.toBe(etag);
    expect((await ask('PUT', '/plugins/orders/config/timeout', { value: 9 }, { 'if-match': now })).status).toBe(200);
  });

  it('of secrets is never shown, and reaches the plugin', async () => {
    await using test = await start({}, { logLevel: 'trace' });
    const ask = apiOf(test);
    const seen: unknown[] = [];
    const note = async (...asked: Parameters<typeof ask>) => {
      const answer = await ask(...asked);
      seen.push(answer.body, [...answer.headers]);
      return answer;
    };
    const made = await note('POST', '/plugins/orders/config', { key: 'token', value: CANARY });
    expect(made.body).toMatchObject({ key: 'token', value: '***', encrypted: true });
    await note('POST', '/plugins/orders/config', { key: 'smtp', value: { password: CANARY, host: 'mail' } });
    await note('POST', '/plugins/orders/config', { key: 'region', value: CANARY, encrypted: true });
    expect(await served(test)).toMatchObject({ knows: CANARY.length, region: CANARY });
    await note('PUT', '/plugins/orders/config/token?dry_run=true', { value: `${CANARY}-2` });
    await note('PUT', '/plugins/orders/config/smtp', { value: { password: [CANARY] } });
    await note('POST', '/plugins/orders/hooks', { hook_name: 'x', hook_type: 'action', callback_method: 'y' });
    const { paths } = (await note('GET', '/openapi.json')).body as { paths: Record<string, { get?: object }> };
    const asked = Object.keys(paths).filter((path) => path.startsWith('/api/v1/') && paths[path]?.get !== undefined);
    for (const path of asked) {
      if (path.endsWith('/stream') || path.endsWith('/docs')) continue;
      await note(
        'GET',
        path
          .slice('/api/v1'.length)
          .replace('{plugin_id}', 'orders')
          .replace(/\{\w+\}/, '1'),
      );
    }
    expect(asked).toEqual(
      expect.arrayContaining(['/api/v1/admin/audit', '/api/v1/admin/support-bundle', '/api/v1/plugins/logs']),
    );
    await note('POST', '/plugins/orders/reload');
    await note('POST', '/admin/revisions/1/rollback');
    const status = await fetch(`${test.url}/plugins/status`, { headers: test.management });
    seen.push(await status.text(), test.log);
    expect(JSON.stringify(seen)).not.toContain(CANARY);
    await test.host.stop();
    const data = join(test.folder, 'data');
    for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      expect((await readFile(join(entry.parentPath, entry.name))).includes(CANARY)).toBe(false);
    }
  });
});

describe('the audit trail', () => {
  it('tells who did what, before and after, from where, and that it is whole', async () => {
    await using test = await start({ 'calculator/plugin.ts': calculator });
    const ask = apiOf(test);
    await ask('POST', '/plugins/orders/config', { key: 'token', value: CANARY }, { 'backplane-author': 'Ann' });
    await ask('POST', '/plugins/orders/config', { key: 'timeout', value: 60 });
    await ask('PUT', '/plugins/orders/config/timeout', { value: 90 });
    await ask('POST', '/plugins/orders/disable');
    await ask('POST', '/plugins/calculator/reload');
    await ask('POST', '/plugins/calculator/execute', { method: 'add', args: [1, 2] });
    await ask('PUT', '/admin/log-levels', { namespace: 'x', level: 'debug' });
    const { items } = (await ask('GET', '/admin/audit')).body;
    expect(items.map(({ action }: { action: string }) => action)).toEqual([
      'log.level',
      'plugin.execute',
      'plugins.change',
      'plugin.reload',
      'plugin.disable',
      'config.update',
      'config.create',
      'config.create',
      'plugins.change',
    ]);
    expect(items[5]).toMatchObject({
      actor: 'admin',
      origin: '127.0.0.1',
      target: 'orders',
      before: { 'orders.config.timeout': 60 },
      after: { 'orders.config.timeout': 90 },
    });
    expect(items[7]).toMatchObject({ actor: 'admin (Ann)', after: { 'orders.config.token': '***' } });
    expect(items[8]).toMatchObject({
      actor: 'host',
      target: 'calculator, orders',
      after: { reason: 'The host started.' },
    });
    expect((await ask('GET', '/admin/audit?action=config.create&limit=1')).body).toMatchObject({
      items: [{ action: 'config.create', after: { 'orders.config.timeout': 60 } }],
      next_cursor: expect.any(String),
    });
    expect((await ask('GET', '/admin/audit?since=2020-01-01&until=2020-01-02')).body.items).toEqual([]);
    expect((await ask('GET', '/admin/audit?since=yesterday')).status).toBe(400);
    expect((await ask('POST', '/admin/audit/verify')).body).toMatchObject({ ok: true, rows: 9, problems: [] });
  });

  it("shows that yesterday's database was put back, and which rows were anchored outside", async () => {
    await using test = await start();
    const ask = apiOf(test);
    const places = {
      pluginPaths: [join(test.folder, 'plugins')],
      dataDir: join(test.folder, 'data'),
      configDir: join(test.folder, 'config'),
    };
    const database = join(test.folder, 'data', 'database');
    await ask('POST', '/plugins/orders/config', { key: 'timeout', value: 1 });
    await test.host.stop();
    await cp(database, join(test.folder, 'yesterday'), { recursive: true });
    let today = await createTestHost(places);
    for (const value of [2, 3, 4]) await apiOf(today)('PUT', '/plugins/orders/config/timeout', { value });
    const { body: before } = await apiOf(today)('POST', '/admin/audit/verify');
    await today[Symbol.asyncDispose]();
    await rm(database, { recursive: true });
    await cp(join(test.folder, 'yesterday'), database, { recursive: true });
    today = await createTestHost(places);
    await apiOf(today)('PUT', '/plugins/orders/config/timeout', { value: 5 });
    const { body: verdict } = await apiOf(today)('POST', '/admin/audit/verify');
    expect(before).toMatchObject({ ok: true, problems: [] });
    expect(verdict.ok).toBe(false);
    expect(verdict.problems.map(({ message }: { message: string }) => message).join()).toContain(`${before.rows}`);
    expect(today.log.some((line) => line.includes('BP_AUDIT_BEHIND'))).toBe(true);
    await today[Symbol.asyncDispose]();
  });
});

describe('what is to run', () => {
  it('has a history with authors, comments and differences, and goes back to any revision', async () => {
    await using test = await start();
    const ask = apiOf(test);
    const by = { 'backplane-author': encodeURIComponent('Ann Ö.'), 'backplane-comment': 'slower' };
    await ask('POST', '/plugins/orders/config', { key: 'timeout', value: 60 }, by);
    await ask('PUT', '/plugins/orders/config/timeout', { value: 90 });
    await ask('POST', '/plugins/orders/disable');
    const { body } = await ask('GET', '/admin/revisions?limit=2');
    expect(body).toMatchObject({
      current: 3,
      items: [
        { revision: 3, author: 'admin' },
        { revision: 2, parent: 1 },
      ],
    });
    expect((await ask('GET', `/admin/revisions?cursor=${body.next_cursor}`)).body).toMatchObject({
      items: [{ revision: 1, author: 'admin (Ann Ö.)', comment: 'slower', parent: null }],
      next_cursor: null,
    });
    expect((await ask('GET', '/admin/revisions/2/diff')).body).toEqual({
      from: 1,
      to: 2,
      differences: [{ plugin: 'orders', key: 'config.timeout', before: 60, after: 90 }],
    });
    expect((await ask('GET', '/admin/revisions/3/diff?to=0')).body.differences).toHaveLength(2);
    const back = await ask('POST', '/admin/revisions/1/rollback', undefined, { 'if-match': '"r3"' });
    expect(back.body).toMatchObject({ revision: 4, steps: [{ plugin: 'orders', action: 'add' }] });
    expect(await served(test)).toMatchObject({ timeout: 60 });
    expect((await ask('GET', '/admin/revisions/4')).body).toMatchObject({ comment: 'Back to revision 1' });
    expect((await ask('POST', '/admin/revisions/1/rollback', undefined, { 'if-match': '"r3"' })).status).toBe(412);
    expect((await ask('POST', '/admin/revisions/99/rollback')).status).toBe(404);
    expect((await ask('GET', '/admin/revisions/x')).status).toBe(400);
  });

  it('returns to what it was when a plugin does not start with it', async () => {
    const fragile = `
      import { definePlugin } from '@backplane/plugin-api';
      export default definePlugin({
        name: 'fragile', version: '1.0.0', config: { works: { type: 'boolean', default: true } },
        initialize({ config, http }) {
          if (!config.works) throw new Error('It cannot work like this.');
          http.routes((app) => void app.get('/', () => 'works'));
        },
      });`;
    await using test = await start({ 'fragile/plugin.ts': fragile });
    const ask = apiOf(test);
    const refused = await ask('POST', '/plugins/bulk', {
      operation: 'configure',
      plugin_ids: ['fragile'],
      config: { works: false },
      atomic: true,
    });
    expect(refused.body.results).toMatchObject([{ outcome: 'failed', code: 'BP_CHANGE_RETURNED' }]);
    expect(await (await fetch(`${test.url}/fragile/`)).text()).toBe('works');
    expect((await ask('GET', '/admin/state')).body).toMatchObject({
      revision: 2,
      author: 'host',
      comment: expect.stringContaining('Returned from revision 1'),
      state: { plugins: {} },
    });
  });

  it('is planned and applied from a file, by an operation that can be asked about', async () => {
    await using test = await start({ 'shop/plugin.ts': sells('shop') });
    const ask = apiOf(test);
    await ask('POST', '/plugins/orders/config', { key: 'token', value: 'a secret' });
    const wanted = { plugins: { orders: { config: { timeout: 12, token: '***' } }, shop: { enabled: false } } };
    const plan = await ask('POST', '/admin/plan', wanted);
    expect(plan.body).toMatchObject({ dry_run: true, revision: 1 });
    const asked = await ask('POST', '/admin/apply', wanted, { 'if-match': '"r1"' });
    expect(asked).toMatchObject({ status: 202, body: { status: 'running' } });
    const path = (asked.headers.get('location') ?? '').replace('/api/v1', '');
    let operation = await ask('GET', path);
    while (operation.body.status === 'running') operation = await ask('GET', path);
    expect(operation.body).toMatchObject({ status: 'applied', requested_by: 'admin', result: { revision: 2 } });
    const brief = (steps: readonly { plugin: string; action: string }[]) =>
      steps.map(({ plugin, action }) => `${action} ${plugin}`).sort();
    expect(brief(operation.body.result.steps)).toEqual(brief(plan.body.steps));
    expect(brief(plan.body.steps)).toEqual(['remove shop', 'replace orders']);
    expect(await served(test)).toEqual({ timeout: 12, region: 'eu', knows: 8 });
    const unknown = await ask('POST', '/admin/plan', { plugins: { nobody: { enabled: true } } });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'BP_API_PLUGIN_UNKNOWN' } });
    expect((await ask('GET', '/admin/operations')).body.items).toHaveLength(1);
    expect((await ask('GET', '/admin/operations/none')).status).toBe(404);
  });

  it('outlives the host, with its secrets and under a master key that has changed', async () => {
    await using test = await start();
    const ask = apiOf(test);
    await ask('POST', '/plugins/orders/config', { key: 'token', value: 'a secret' });
    await ask('POST', '/plugins/orders/config', { key: 'timeout', value: 60 });
    const before = await readFile(join(test.folder, 'data', 'master.key'), 'utf8');
    expect((await ask('POST', '/admin/master-key/rotate')).body).toEqual({ resealed: 1 });
    const after = await readFile(join(test.folder, 'data', 'master.key'), 'utf8');
    expect(after).not.toBe(before);
    expect(after.trim().split('\n')).toHaveLength(1);
    await ask('POST', '/plugins/orders/reload');
    expect(await served(test)).toMatchObject({ knows: 8 });
    await test.host.stop();
    await using again = await createTestHost({
      pluginPaths: [join(test.folder, 'plugins')],
      dataDir: join(test.folder, 'data'),
      configDir: join(test.folder, 'config'),
    });
    expect(await served(again)).toEqual({ timeout: 60, region: 'eu', knows: 8 });
    expect((await apiOf(again)('GET', '/admin/revisions')).body.items).toHaveLength(2);
  });
});

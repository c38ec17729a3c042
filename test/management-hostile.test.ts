import { request } from 'node:http';
import { expect, it } from 'vitest';
import { apiOf } from './testing/api-client.ts';
import { sells, startShop } from './testing/api-plugins.ts';

it('refuses what cannot be kept, what is nested without end, and methods that a path does not have', async () => {
  await using test = await startShop();
  const ask = apiOf(test);
  const hook = { hook_name: 'a', hook_type: 'event', callback_method: 'x\0' };
  expect(await ask('POST', '/plugins/orders/hooks', hook)).toMatchObject({
    status: 400,
    body: { code: 'BP_API_INVALID', errors: [{ in: 'body', pointer: '/callback_method', keyword: 'text' }] },
  });
  expect(await ask('GET', '/plugins?search=%00')).toMatchObject({ status: 400, body: { code: 'BP_API_INVALID' } });
  expect(await ask('GET', '/plugins/a%00b')).toMatchObject({ status: 400, body: { code: 'BP_MANAGEMENT_BAD_PATH' } });
  expect(await ask('GET', '/admin/revisions?limit=1e309')).toMatchObject({
    status: 400,
    body: { code: 'BP_API_INVALID' },
  });
  const huge = await fetch(`${test.url}/api/v1/plugins/orders/config`, {
    method: 'POST',
    headers: { ...test.management, 'content-type': 'application/json' },
    body: '{"key":"timeout","value":1e400}',
  });
  expect(await huge.json()).toMatchObject({
    code: 'BP_API_INVALID',
    errors: [{ pointer: '/value', keyword: 'number' }],
  });
  const deep = Array.from({ length: 2000 }).reduce<unknown>((inner) => [inner], []);
  expect(await ask('POST', '/admin/plan', { plugins: deep })).toMatchObject({
    status: 400,
    body: { code: 'BP_MANAGEMENT_BAD_REQUEST', detail: expect.stringContaining('more than 64 deep') },
  });
  const wrong = await ask('GET', '/plugins/bulk');
  expect(wrong).toMatchObject({ status: 405, body: { code: 'BP_MANAGEMENT_METHOD' } });
  expect(wrong.headers.get('allow')).toBe('POST');
  expect((await ask('DELETE', '/plugins/stats')).headers.get('allow')).toBe('GET, HEAD');
});

it('answers HEAD where it answers GET, also in place of a stream', async () => {
  await using test = await startShop();
  for (const path of ['/plugins', '/plugins/orders', '/plugins/logs/stream', '/admin/memory']) {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    request(`${test.url}/api/v1${path}`, { method: 'HEAD', headers: test.management }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    })
      .once('error', reject)
      .end();
    expect(await promise).toBe(200);
  }
});

it('keeps the number of a plugin that is spoken of, though no code of it is there', async () => {
  await using test = await startShop({ '../offered/guest/plugin.ts': sells('guest') });
  const ask = apiOf(test);
  await ask('POST', '/plugins/install', { source: `${test.folder}/offered/guest` });
  const { body } = await ask('GET', '/plugins/guest');
  await ask('POST', '/plugins/guest/config', { key: 'a', value: 1 });
  const without = { plugins: { guest: { config: { a: 1 } } } };
  await ask('POST', '/admin/apply', without);
  const made = await ask('POST', '/plugins/guest/config', { key: 'b', value: 5, encrypted: true });
  expect(made.status).toBeLessThan(500);
  expect((await ask('GET', '/plugins/guest')).body.id).toBe(body.id);
});

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestHost, RedisServer, type TestHost } from '@backplane/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

/** Says what its cache does. The same file at every level. */
const plugin = (name: string, version: string) => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: '${name}',
  version: '${version}',
  initialize({ cache, http, plugin }) {
    const read = async (key) => ({ peek: cache.peek(key), get: await cache.get(key), level: plugin.level });
    http.routes((app) => {
      app.get('/read/:key', ({ params }) => read(params.key));
      app.get('/set/:key/:value', async ({ params: { key, value } }) => {
        await cache.set(key, { value, by: '${version}' });
        return read(key);
      });
      app.get('/delete/:pattern', async ({ params: { pattern } }) => {
        await (pattern.includes('*') ? cache.deletePattern(pattern) : cache.delete(pattern));
        return {};
      });
      app.get('/tour', async () => {
        const seen = {};
        const value = { at: new Date(0), tags: ['a'] };
        await cache.set('dated', value);
        value.tags.push('b');
        seen.copied = { ...cache.peek('dated'), same: cache.peek('dated') === cache.peek('dated') };
        await cache.set('plain', { tags: ['a'] });
        try { cache.peek('plain').tags.push('b'); } catch (error) { seen.frozen = error.name; }
        seen.same = cache.peek('plain') === (await cache.get('plain'));
        seen.refused = await cache.set('f', { f() {} }).catch(({ code, details }) => [code, details.plugin, details.path]);
        let loads = 0;
        const load = async () => ({ load: ++loads });
        seen.loaded = await Promise.all([1, 2, 3].map(() => cache.getOrSet('loaded', { ttl: 60_000 }, load)));
        seen.failed = await cache.getOrSet('fails', {}, () => Promise.reject(new Error('No.'))).catch(({ message }) => message);
        seen.null = [await cache.getOrSet('null', {}, () => null), await cache.has('null'), await cache.has('fails')];
        await cache.set('short', 1, { ttl: 1 });
        while (await cache.has('short')) await new Promise((resolve) => setImmediate(resolve));
        seen.short = cache.peek('short') ?? 'over';
        const users = cache.namespace('users');
        await users.set('1', true);
        await users.set('2', true);
        seen.users = [cache.peek('users:1'), users.peek('1')];
        await users.deletePattern('*1');
        seen.deleted = [await cache.has('users:1'), await cache.has('users:2')];
        await cache.clear();
        seen.cleared = [await cache.has('users:2'), await cache.has('plain')];
        return seen;
      });
    });
  },
});
`;

const boot = (isolation: 'inline' | 'process', options: Parameters<typeof createTestHost>[0] = {}): Promise<TestHost> =>
  createTestHost({
    isolation: { '*': isolation },
    prepare: (folder) =>
      writePlugins(join(folder, 'plugins'), {
        'first.js': plugin('first', '1.0.0'),
        'second.js': plugin('second', '1.0.0'),
      }),
    ...options,
  });

interface Read {
  readonly peek?: { readonly value: string; readonly by: string };
  readonly get?: { readonly value: string; readonly by: string };
  readonly level: string;
}
const ask = async <T = Read>(test: TestHost, path: string): Promise<T> =>
  (await (await fetch(`${test.url}/${path}`)).json()) as T;

describe.each(['inline', 'process'] as const)('the cache of a plugin: %s', (level) => {
  it('keeps, copies, refuses, loads once and forgets alike', async () => {
    await using test = await boot(level);
    expect(await ask(test, 'first/tour')).toEqual({
      copied: { at: '1970-01-01T00:00:00.000Z', tags: ['a'], same: false },
      frozen: 'TypeError',
      same: true,
      refused: ['BP_CACHE_VALUE_INVALID', 'first', '.f'],
      loaded: [{ load: 1 }, { load: 1 }, { load: 1 }],
      failed: 'No.',
      null: [null, true, false],
      short: 'over',
      users: [true, true],
      deleted: [false, true],
      cleared: [false, false],
    });
  });

  it('is seen by no other plugin, found by the next version, and gone with the plugin', async () => {
    await using test = await boot(level);
    const kept = { value: 'v', by: '1.0.0' };
    expect(await ask(test, 'first/set/k/v')).toEqual({ peek: kept, get: kept, level });
    expect(await ask(test, 'second/read/k')).toEqual({ level });
    await writePlugins(join(test.folder, 'plugins'), { 'first.js': plugin('first', '1.1.0') });
    await test.host.reload('first');
    expect((await ask(test, 'first/read/k')).get).toEqual(kept);
    expect((await ask(test, 'first/set/k/w')).get).toEqual({ value: 'w', by: '1.1.0' });
    await rm(join(test.folder, 'plugins', 'first.js'));
    await test.host.rescan();
    await writePlugins(join(test.folder, 'plugins'), { 'first.js': plugin('first', '1.2.0') });
    await test.host.rescan();
    expect(await ask(test, 'first/read/k')).toEqual({ level });
  });

  it('is shared by hosts that share a Redis, and counted', async () => {
    const redis = await RedisServer.start();
    onTestFinished(() => redis[Symbol.asyncDispose]());
    await using one = await boot(level, { cache: { url: redis.url } });
    await using two = await boot(level, { cache: { url: redis.url } });
    const { peek: kept } = await ask(one, 'first/set/user:1/v');
    expect(await ask(two, 'first/read/user:1')).toEqual({ get: kept, level });
    expect(await ask(two, 'first/read/user:1')).toEqual({ peek: kept, get: kept, level });
    await ask(one, 'first/delete/user:*');
    await vi.waitFor(async () => expect(await ask(two, 'first/read/user:1')).toEqual({ level }), { timeout: 10_000 });
    const metrics = await (await fetch(`${two.url}/metrics`)).text();
    expect(metrics).toMatch(/^backplane_cache_store_up 1$/m);
    expect(metrics).toMatch(/^backplane_cache_hits_total\{plugin="first"\} [1-9]/m);
    redis.freeze();
    const began = performance.now();
    expect((await ask(two, 'first/set/user:1/w')).get).toMatchObject({ value: 'w' });
    expect((await ask(one, 'first/read/user:2')).get).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(3_000);
    redis.thaw();
    await vi.waitFor(
      async () => expect(await (await fetch(`${two.url}/metrics`)).text()).toMatch(/^backplane_cache_store_up 1$/m),
      { timeout: 10_000, interval: 20 },
    );
    expect(two.log.filter((line) => line.includes('shared cache cannot be reached'))).toHaveLength(1);
  });
});

it('stands on a store of the operator’s own', async () => {
  const stored = new Map<string, { bytes: Uint8Array; ttl: number }>();
  const store = {
    open: async () => ({
      read: async (key: string) => stored.get(key),
      write: async (key: string, entry: { bytes: Uint8Array; ttl: number }) => void stored.set(key, entry),
      remove: async (keys: readonly string[]) => {
        for (const key of keys) stored.delete(key);
      },
      removeMatching: async () => undefined,
      ping: async () => {},
      close() {},
    }),
  };
  await using test = await boot('inline', { cache: { store, maxEntries: 1 } });
  await ask(test, 'first/set/a/1');
  await ask(test, 'first/set/b/2');
  expect(await ask(test, 'first/read/a')).toMatchObject({ get: { value: '1' } });
  expect([...stored.keys()]).toEqual(['first:a', 'first:b']);
});

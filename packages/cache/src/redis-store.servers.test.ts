import { systemClock } from '@backplane/base';
import { RedisServer } from '@backplane/testing';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { HostCaches } from './host-caches.ts';
import { createLazyRedisStore } from './lazy-redis-store.ts';
import { redisUrl } from './redis-url.ts';

const redis = await RedisServer.start();
afterAll(() => redis[Symbol.asyncDispose]());

/** A host's caches on the real server, as a plugin of that name sees them. Each test has a plugin of its own. */
function host(plugin: string, log: string[] = []) {
  const line = (level: string) => (message: string) => void log.push(`${level}: ${message}`);
  const logger = { trace() {}, debug() {}, info: line('info'), warn: line('warn'), error: line('error') };
  const caches = new HostCaches({ clock: systemClock, logger, store: createLazyRedisStore({ url: redis.url }) });
  onTestFinished(() => caches.close());
  return { caches, cache: caches.facet(plugin) };
}

/** As soon as it is so. */
const soon = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 5 });

async function tookMs(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** The keys that a plugin has in Redis. */
const stored = (plugin: string) => redis.keys(`backplane:cache:${plugin}:`);

describe('Redis behind the memory of hosts', () => {
  it('holds what one host sets for the others, with its time, also what only a structured clone copies', async () => {
    const one = host('shared').cache;
    const two = host('shared').cache;
    const value = { at: new Date(0), ids: new Map([['a', new Set([1n])]]), bytes: new Uint8Array([1, 2, 3]) };
    await one.set('k', value, { ttl: 60_000 });
    expect(await two.get('k')).toEqual(value);
    const left = Number(await redis.ask('PTTL', 'backplane:cache:shared:k'));
    expect(left).toSatisfy((ms: number) => ms > 30_000 && ms <= 60_000);
    await one.set('short', 'lived', { ttl: 300 });
    expect(await two.get('short')).toBe('lived');
    await soon(() => expect(two.peek('short')).toBeUndefined());
    expect(await two.get('short')).toBeUndefined();
  });

  it('takes from the memory of each what another has set, deleted or cleared', async () => {
    const one = host('told').cache;
    const two = host('told').cache;
    const changes: ((key: string) => Promise<void>)[] = [
      (key) => two.set(key, 'new'),
      (key) => two.delete(key),
      (key) => two.deletePattern(`${key.slice(0, 3)}*r`),
      (key) => two.namespace(key.split(':')[0] as string).clear(),
      () => two.clear(),
    ];
    for (const [n, change] of changes.entries()) {
      await one.set(`${n}n:user`, 'old');
      expect(one.peek(`${n}n:user`)).toBe('old');
      await change(`${n}n:user`);
      await soon(() => expect(one.peek(`${n}n:user`)).toBeUndefined());
      expect(await one.get(`${n}n:user`)).toBe(n === 0 ? 'new' : undefined);
    }
  });

  it('deletes by pattern what matches, among thousands, and nothing else, whatever characters keys have', async () => {
    const { cache } = host('many');
    await Promise.all(Array.from({ length: 3_000 }, (_, n) => cache.set(`row:${n}`, n)));
    const others = ['row[1]', 'row?', 'row\\', 'rows', 'r*w', 'ключ'];
    for (const key of others) await cache.set(key, key);
    await cache.deletePattern('row:*');
    expect(await stored('many')).toEqual(others.toSorted());
    await cache.deletePattern('row[1]*');
    await cache.deletePattern('row?');
    expect(await stored('many')).toEqual(others.slice(2).toSorted());
    await cache.clear();
    expect(await stored('many')).toEqual([]);
  });

  it('holds what was loaded, so that another host does not load it', async () => {
    const one = host('loads').cache;
    const two = host('loads').cache;
    expect(await one.getOrSet('k', {}, () => 'loaded')).toBe('loaded');
    await soon(async () => expect(await stored('loads')).toHaveLength(1));
    expect(await two.getOrSet('k', {}, () => 'loaded again')).toBe('loaded');
  });
});

describe('a Redis that is gone', () => {
  it('is done without when it is killed, told of once, and used again when it is back', async () => {
    const log: string[] = [];
    const { cache, caches } = host('killed', log);
    for (const key of ['removed', 'set', 'user:1', 'kept']) await cache.set(key, 'old');
    await redis.kill();
    for (let n = 0; n < 100; n++) await cache.set(`n${n}`, n);
    expect(await cache.get('n7')).toBe(7);
    await cache.delete('removed');
    await cache.set('set', 'new');
    await cache.deletePattern('user:*');
    expect(caches.storeAnswers).toBe(false);
    await redis.start();
    await soon(() => expect(caches.storeAnswers).toBe(true));
    for (const key of ['removed', 'set', 'user:1']) expect(await cache.get(key)).toBeUndefined();
    // Not from memory, which has begun anew: Redis had kept all four.
    expect(cache.peek('kept')).toBeUndefined();
    expect(await cache.get('kept')).toBe('old');
    await cache.set('again', 1);
    expect(await stored('killed')).toEqual(['again', 'kept']);
    expect(log.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    expect(log.at(-1)).toBe('info: The shared cache is there again.');
  });

  it('holds up nobody for longer than the limit when it is frozen, and does nothing afterwards that was overtaken', async () => {
    const log: string[] = [];
    const { cache, caches } = host('frozen', log);
    const other = host('frozen');
    await cache.set('k', 'old');
    await other.cache.get('k');
    redis.freeze();
    const writes = Array.from({ length: 2_000 }, (_, n) => cache.set(`late:${n}`, 'x'.repeat(500)));
    expect(await tookMs(() => Promise.all([cache.get('absent'), ...writes]))).toBeLessThan(2_000);
    expect(
      await tookMs(async () => {
        for (let n = 0; n < 100; n++) await cache.get(`absent:${n}`);
      }),
    ).toBeLessThan(200);
    await cache.deletePattern('late:*');
    await cache.delete('k');
    expect(caches.storeAnswers).toBe(false);
    redis.thaw();
    await soon(() => expect(caches.storeAnswers).toBe(true));
    await soon(() => expect(other.caches.storeAnswers).toBe(true));
    expect(await stored('frozen')).toEqual([]);
    expect(await other.cache.get('k')).toBeUndefined();
    expect(log.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  it('never does what a broken connection had sent, once there is a new one', async () => {
    const store = createLazyRedisStore({ url: redis.url });
    const events = { changed() {}, lost() {} };
    const first = await store.open(events);
    redis.freeze();
    const entry = { bytes: new Uint8Array(1_000), ttl: 60_000 };
    const writes = Promise.allSettled(Array.from({ length: 400 }, (_, n) => first.write(`sent:${n}`, entry, false)));
    // They are on their way.
    await new Promise((resolve) => setImmediate(resolve));
    first.close();
    expect((await writes).every(({ status }) => status === 'rejected')).toBe(true);
    const opened = store.open(events);
    redis.thaw();
    const second = await opened;
    for (let from = await second.removeMatching('sent:*'); from !== undefined; )
      from = await second.removeMatching('sent:*', from);
    expect(await stored('sent')).toEqual([]);
    second.close();
  });

  it('may be away when the host starts', async () => {
    await redis.kill();
    const { cache, caches } = host('early');
    await cache.set('k', 1);
    expect(await cache.getOrSet('k', {}, () => 2)).toBe(1);
    await redis.start();
    await soon(() => expect(caches.storeAnswers).toBe(true));
    await cache.set('k', 3);
    expect(await stored('early')).toEqual(['k']);
  });
});

it('reads addresses of Redis and Valkey, and repeats no password', () => {
  expect(redisUrl('valkeys://u:p@cache:6380/2')).toBe('rediss://u:p@cache:6380/2');
  for (const url of ['http://u:secret@cache', 'redis://', 'secret', 'redis://cache/name'])
    expect(() => redisUrl(url)).toThrow(
      expect.objectContaining({ code: 'BP_CACHE_URL_INVALID', message: expect.not.stringContaining('secret') }),
    );
});

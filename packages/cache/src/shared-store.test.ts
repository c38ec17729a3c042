import type { CacheChange } from '@backplane/ports';
import { ManualClock } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { HostCaches } from './host-caches.ts';
import { FakeStore } from './testing/fake-store.ts';

function setUp(hosts = 1) {
  const clock = new ManualClock();
  const store = new FakeStore(clock);
  const log: string[] = [];
  const line = (level: string) => (message: string) => void log.push(`${level}: ${message}`);
  const logger = { trace() {}, debug() {}, info: line('info'), warn: line('warn'), error: line('error') };
  const made = Array.from({ length: hosts }, () => new HostCaches({ clock, logger, store: store.asSeen() }));
  const caches = made.map((host) => host.facet('orders'));
  /** What a promise gives, while time goes on. */
  const over = async <T>(ms: number, work: Promise<T>): Promise<T> => {
    await clock.advance(ms);
    return work;
  };
  return { clock, store, log, made, caches, cache: caches[0] as (typeof caches)[0], over };
}

describe('a store that hosts share', () => {
  it('is not opened before a plugin uses its cache', async () => {
    const { store, cache, made } = setUp();
    expect(cache.limits.maxEntries).toBe(10_000);
    expect(made[0]?.storeAnswers).toBeUndefined();
    expect(store.opened).toBe(0);
    await cache.get('k');
    expect(store.opened).toBe(1);
    expect(made[0]?.storeAnswers).toBe(true);
    made[0]?.close();
  });

  it('gives one host what another has set, and takes from its memory what another has changed', async () => {
    const { caches, made } = setUp(2);
    const [one, two] = caches as [(typeof caches)[0], (typeof caches)[0]];
    await one.set('k', { n: 1 });
    expect(await two.get('k')).toEqual({ n: 1 });
    expect(two.peek('k')).toEqual({ n: 1 });
    await one.set('k', { n: 2 });
    expect(two.peek('k')).toBeUndefined();
    expect(await two.get('k')).toEqual({ n: 2 });
    await two.deletePattern('k*');
    expect(await one.get('k')).toBeUndefined();
    for (const host of made) host.close();
  });

  it('keeps nothing that another host has overtaken while it was stored', async () => {
    const { caches, store, made } = setUp(2);
    const [one, two] = caches as [(typeof caches)[0], (typeof caches)[0]];
    await Promise.all([one.get('x'), two.get('x')]);
    store.mood = 'hanging';
    const removed = one.delete('k');
    const loaded = two.getOrSet('k', {}, () => 'stale');
    // Both are in the store's hands, and it takes the removal first.
    store.mood = 'fine';
    await removed;
    expect(await loaded).toBe('stale');
    await new Promise((resolve) => setImmediate(resolve));
    expect(two.peek('k')).toBeUndefined();
    expect(store.entries.has('orders:k')).toBe(false);
    for (const host of made) host.close();
  });

  it('keeps plugins apart', async () => {
    const { cache, made } = setUp();
    const other = made[0]?.facet('billing');
    await cache.set('k', 1);
    expect(await other?.get('k')).toBeUndefined();
    await other?.clear();
    expect(await cache.get('k')).toBe(1);
    made[0]?.close();
  });
});

describe('a store that is away', () => {
  it('costs nobody an error, is told of once, tried again at growing pauses, and comes back by itself', async () => {
    const { cache, store, log, clock, made, over } = setUp();
    store.mood = 'refusing';
    for (let n = 0; n < 50; n++) await cache.set(`k${n}`, n);
    expect(await cache.get('k7')).toBe(7);
    expect(await cache.getOrSet('new', {}, () => 'loaded')).toBe('loaded');
    await cache.deletePattern('k1*');
    expect(await cache.get('k10')).toBeUndefined();
    await clock.advance(60_000);
    expect(log).toEqual([expect.stringMatching(/^warn: The shared cache cannot be reached.*refuses/)]);
    expect(store.opened).toBeGreaterThan(10);
    expect(store.opened).toBeLessThan(25);
    expect(made[0]?.storeAnswers).toBe(false);
    store.mood = 'fine';
    await clock.advance(5_000);
    expect(made[0]?.storeAnswers).toBe(true);
    expect(log[1]).toBe('info: The shared cache is there again.');
    await over(0, cache.set('k', 'shared'));
    expect(store.entries.has('orders:k')).toBe(true);
    made[0]?.close();
  });

  it('costs who waits for it 250 ms when it hangs, and the others nothing', async () => {
    const { cache, store, clock, made } = setUp();
    await cache.set('before', 1);
    store.mood = 'hanging';
    let answered = false;
    const asked = cache.get('k').then(() => {
      answered = true;
    });
    await clock.advance(249);
    expect(answered).toBe(false);
    await clock.advance(1);
    await asked;
    expect(await cache.get('other')).toBeUndefined();
    await cache.set('more', 1);
    await cache.delete('before');
    expect(store.asked.filter((one) => /other|more|before/.test(one))).toEqual(['write orders:before']);
    made[0]?.close();
  });

  it('forgets what was set and removed without it before it is used again, also what it was asked while it hung', async () => {
    const { cache, store, clock, made, over } = setUp();
    for (const key of ['removed', 'set', 'user:1', 'user:2', 'kept']) await cache.set(key, 'old');
    store.mood = 'hanging';
    await over(250, cache.set('late', 'old'));
    await cache.delete('late');
    await cache.delete('removed');
    await cache.set('set', 'new');
    await cache.deletePattern('user:*');
    store.mood = 'fine';
    await clock.advance(1_000);
    expect(made[0]?.storeAnswers).toBe(true);
    expect([...store.entries.keys()]).toEqual(['orders:kept']);
    for (const key of ['removed', 'set', 'user:1', 'late']) expect(await cache.get(key)).toBeUndefined();
    expect(await cache.get('kept')).toBe('old');
    made[0]?.close();
  });

  it('tells a host that missed what others have done: its memory begins anew', async () => {
    const { caches, store, clock, made } = setUp(2);
    const [one, two] = caches as [(typeof caches)[0], (typeof caches)[0]];
    await one.set('k', 1);
    await two.get('k');
    const gate = Promise.withResolvers<string>();
    store.breakConnections();
    const loading = two.getOrSet('slow', {}, () => gate.promise);
    await one.set('k', 2);
    expect(two.peek('k')).toBe(1);
    await clock.advance(1_000);
    expect(two.peek('k')).toBeUndefined();
    gate.resolve('begun before');
    expect(await loading).toBe('begun before');
    expect(two.peek('slow')).toBeUndefined();
    for (const host of made) host.close();
  });

  it('is noticed by a host that only reads its memory', async () => {
    const { cache, store, clock, made } = setUp();
    await cache.set('k', 1);
    store.mood = 'hanging';
    await clock.advance(1_250);
    expect(made[0]?.storeAnswers).toBe(false);
    made[0]?.close();
  });

  it('is asked to forget whole plugins when more was removed than one remembers', async () => {
    const { cache, store, clock, made } = setUp();
    const other = made[0]?.facet('billing');
    await other?.set('mine', 1);
    await cache.set('k9999', 1);
    store.mood = 'refusing';
    for (let n = 0; n <= 10_000; n++) await cache.delete(`k${n}`);
    store.asked.length = 0;
    store.mood = 'fine';
    await clock.advance(6_000);
    expect([...store.entries.keys()]).toEqual(['billing:mine']);
    expect(store.asked.filter((one) => one.startsWith('remove'))).toHaveLength(1);
    made[0]?.close();
  });

  it('stays closed when the host has stopped, also one that opens too late', async () => {
    const { cache, store, clock, made } = setUp();
    store.mood = 'hanging';
    const asked = cache.get('k');
    made[0]?.close();
    expect(await asked).toBeUndefined();
    store.mood = 'fine';
    await clock.advance(60_000);
    expect(store.opened).toBe(1);
    await cache.set('k', 1);
    expect(store.entries.size).toBe(0);
    expect(clock.waiting).toBeLessThanOrEqual(1);
  });
});

it('gives up the memory of a plugin that is no longer there', async () => {
  const { cache, made } = setUp();
  const [host] = made as [HostCaches];
  await cache.set('k', 1);
  host.forgetUnless((plugin) => plugin !== 'orders');
  expect(host.facet('orders').peek('k')).toBeUndefined();
  expect(host.counts()).toEqual([]);
  host.close();
});

it('has another process hear of what it has not changed itself', async () => {
  const { cache, made } = setUp();
  const heard: CacheChange[] = [];
  const shared = cache.share((change) => heard.push(change));
  await shared.write('mine', { n: 1 }, 1_000, false);
  await shared.remove({ keys: ['mine'] });
  expect(heard).toEqual([]);
  await cache.set('theirs', 1);
  await cache.namespace('a').clear();
  expect(heard.slice(0, 2)).toEqual([{ keys: ['theirs'] }, { pattern: 'a:*' }]);
  expect(await shared.read('theirs')).toMatchObject({ value: 1 });
  shared[Symbol.dispose]();
  const before = heard.length;
  await cache.clear();
  expect(heard).toHaveLength(before);
  made[0]?.close();
});

it('refuses limits that are none', () => {
  const options = { clock: new ManualClock(), logger: undefined as never };
  expect(() => new HostCaches({ ...options, limits: { maxEntries: 0 } })).toThrow('cache.maxEntries is 0');
});

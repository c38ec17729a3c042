import { type CallContext, CURRENT_CALL } from '@backplane/plugin-api';
import { ManualClock } from '@backplane/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PluginCache } from './plugin-cache.ts';
import { TieredCache } from './tiered-cache.ts';

function setUp(limits = { maxEntries: 100, maxBytes: 100_000 }) {
  const clock = new ManualClock();
  const entries = new TieredCache({ clock, limits });
  return { clock, entries, cache: new PluginCache('orders', entries) };
}

describe('what is kept', () => {
  it('is found at once, until its time is over, to the millisecond', async () => {
    const { cache, clock } = setUp();
    await cache.set('user:1', { name: 'Ada' }, { ttl: 1_000 });
    expect(cache.peek('user:1')).toEqual({ name: 'Ada' });
    await clock.advance(999);
    expect(await cache.get('user:1')).toEqual({ name: 'Ada' });
    await clock.advance(1);
    expect(cache.peek('user:1')).toBeUndefined();
    expect(await cache.has('user:1')).toBe(false);
  });

  it('ends after seven days, whatever was asked for', async () => {
    const { cache, clock } = setUp();
    await cache.set('a', 1);
    await cache.set('b', 1, { ttl: Number.POSITIVE_INFINITY });
    await clock.advance(7 * 24 * 3_600_000 - 1);
    expect([cache.peek('a'), cache.peek('b')]).toEqual([1, 1]);
    await clock.advance(1);
    expect([cache.peek('a'), cache.peek('b')]).toEqual([undefined, undefined]);
  });

  it('is out of reach of who gave it, and of who gets it', async () => {
    const { cache } = setUp();
    const given = { tags: ['a'], nested: { deep: { n: 1 } } };
    await cache.set('v', given);
    given.tags.push('b');
    given.nested.deep.n = 2;
    const got = cache.peek<typeof given>('v');
    expect(got).toEqual({ tags: ['a'], nested: { deep: { n: 1 } } });
    expect(() => got?.tags.push('c')).toThrow(TypeError);
    expect(() => {
      (got as typeof given).nested.deep.n = 3;
    }).toThrow(TypeError);
    expect(cache.peek('v')).toBe(got);
  });

  it('is copied for each hit where it cannot be frozen', async () => {
    const { cache } = setUp();
    const given = { at: new Date(0), ids: new Map([['a', new Set([1])]]), bytes: new Uint8Array([1, 2]) };
    await cache.set('v', given);
    const first = cache.peek<typeof given>('v');
    first?.ids.clear();
    first?.at.setFullYear(2000);
    first?.bytes.fill(9);
    expect(cache.peek('v')).toEqual(given);
    const [one, two] = await Promise.all([
      cache.getOrSet('w', {}, async () => ({ list: new Set([1]) })),
      cache.getOrSet('w', {}, async () => ({ list: new Set([2]) })),
    ]);
    expect(one).toEqual(two);
    expect(one).not.toBe(two);
  });

  it('may refer to itself, hold null, and have keys that mean something to JavaScript', async () => {
    const { cache } = setUp();
    const loop: Record<string, unknown> = { nothing: null };
    loop.self = loop;
    await cache.set('loop', loop);
    const got = cache.peek<typeof loop>('loop');
    expect(got?.self).toBe(got);
    await cache.set('proto', JSON.parse('{"__proto__": {"admin": true}}'));
    const proto = cache.peek<Record<string, unknown>>('proto');
    expect(proto?.admin).toBeUndefined();
    expect(Object.keys(proto ?? {})).toEqual(['__proto__']);
  });

  it.each([
    ['undefined', undefined, ''],
    ['a function inside', { on: [{ call() {} }] }, '.on[0].call'],
    ['an instance of a class', new (class Order {})(), ''],
    ['a symbol', Symbol('s'), ''],
    ['shared memory', new SharedArrayBuffer(8), ''],
  ])('is refused by name and place: %s', async (_, value, path) => {
    const { cache } = setUp();
    await expect(cache.set('key', value)).rejects.toMatchObject({
      code: 'BP_CACHE_VALUE_INVALID',
      details: { plugin: 'orders', key: 'key', path },
    });
  });

  it('is refused where key, time or namespace are none', async () => {
    const { cache } = setUp();
    for (const key of ['', 'x'.repeat(1025), '\ud800', 7 as unknown as string]) {
      await expect(cache.set(key, 1)).rejects.toMatchObject({ code: 'BP_CACHE_KEY_INVALID' });
      await expect(cache.get(key)).rejects.toMatchObject({ code: 'BP_CACHE_KEY_INVALID' });
    }
    for (const ttl of [0, -1, Number.NaN, '5' as unknown as number])
      await expect(cache.getOrSet('k', { ttl }, () => 1)).rejects.toMatchObject({ code: 'BP_CACHE_TTL_INVALID' });
    for (const name of ['', 'a:b', 'a*', 'x'.repeat(65)])
      expect(() => cache.namespace(name)).toThrow(expect.objectContaining({ code: 'BP_CACHE_NAMESPACE_INVALID' }));
  });

  it('goes, the least recently used first, where there are more entries or bytes than may be', async () => {
    const { cache, entries } = setUp({ maxEntries: 3, maxBytes: 10_000 });
    for (const key of ['a', 'b', 'c']) await cache.set(key, key);
    cache.peek('a');
    await cache.set('d', 'd');
    expect(['a', 'b', 'c', 'd'].map((key) => cache.peek(key))).toEqual(['a', undefined, 'c', 'd']);
    await cache.set('e', 'x'.repeat(9_800));
    expect(entries.size).toBe(1);
    expect(entries.bytes).toBeLessThanOrEqual(10_000);
    await cache.set('e', 'y'.repeat(20_000));
    expect(cache.peek('e')).toBeUndefined();
    expect(await cache.getOrSet('f', {}, () => 'z'.repeat(20_000))).toHaveLength(20_000);
    expect(entries.size).toBe(0);
  });
});

describe('forgetting', () => {
  it('takes single keys, patterns, namespaces, and everything', async () => {
    const { cache } = setUp();
    const users = cache.namespace('users');
    const left = () => ['user:1', 'user:2', 'order:1', 'users:1', 'users:old:1'].filter((key) => cache.peek(key));
    for (const key of ['user:1', 'user:2', 'order:1']) await cache.set(key, true);
    await users.set('1', true);
    await users.namespace('old').set('1', true);
    expect(left()).toHaveLength(5);
    await cache.delete('order:1');
    await cache.deletePattern('user:*');
    expect(left()).toEqual(['users:1', 'users:old:1']);
    await users.deletePattern('o*:1');
    expect(left()).toEqual(['users:1']);
    await cache.set('order:1', true);
    await users.clear();
    expect(left()).toEqual(['order:1']);
    await cache.clear();
    expect(left()).toEqual([]);
  });
});

describe('loading', () => {
  it('happens once for all who ask at the same time, and again for who asks later', async () => {
    const { cache, clock } = setUp();
    const gate = Promise.withResolvers<void>();
    let loads = 0;
    const load = async () => {
      await gate.promise;
      return { load: ++loads };
    };
    const asked = Array.from({ length: 100 }, () => cache.getOrSet('k', { ttl: 1_000 }, load));
    asked.push(new PluginCache('orders', new TieredCache({ clock, limits: cache.limits })).getOrSet('k', {}, load));
    gate.resolve();
    const got = await Promise.all(asked);
    expect(got.slice(0, 100)).toEqual(Array(100).fill({ load: 1 }));
    expect(got[100]).toEqual({ load: 2 });
    await clock.advance(1_000);
    expect(await cache.getOrSet('k', {}, load)).toEqual({ load: 3 });
    expect(await cache.getOrSet('k', {}, load)).toEqual({ load: 3 });
  });

  it('fails for all who wait, and is not remembered', async () => {
    const { cache } = setUp();
    const failing = async () => {
      throw new Error('The database is away.');
    };
    const asked = [1, 2, 3].map(() => cache.getOrSet('k', {}, failing));
    for (const one of asked) await expect(one).rejects.toThrow('The database is away.');
    expect(await cache.getOrSet('k', {}, () => 'there')).toBe('there');
  });

  it('keeps null, and hands undefined on', async () => {
    const { cache } = setUp();
    expect(await cache.getOrSet('gone', {}, () => null)).toBeNull();
    expect(await cache.getOrSet('gone', {}, () => 1 as number | null)).toBeNull();
    expect(await cache.getOrSet('none', {}, () => undefined)).toBeUndefined();
    expect(await cache.getOrSet<number | undefined>('none', {}, () => 1)).toBe(1);
  });

  it.each(['delete', 'deletePattern', 'set', 'clear'] as const)(
    'keeps nothing that was begun before %s, and nobody who asks afterwards gets it',
    async (method) => {
      const { cache } = setUp();
      const gate = Promise.withResolvers<string>();
      const before = cache.getOrSet('k', {}, () => gate.promise);
      await Promise.resolve();
      if (method === 'set') await cache.set('k', 'newest');
      else await cache[method]('k');
      const after = cache.getOrSet('k', {}, () => 'newest');
      gate.resolve('stale');
      expect(await before).toBe('stale');
      expect(await after).toBe('newest');
      expect(cache.peek('k')).toBe('newest');
    },
  );

  it('is not waited for by newcomers when it has taken 30 seconds', async () => {
    const { cache, clock } = setUp();
    void cache.getOrSet('k', {}, () => new Promise(() => {}));
    await clock.advance(29_999);
    const patient = cache.getOrSet('k', {}, () => 'never asked');
    await clock.advance(1);
    expect(await cache.getOrSet('k', {}, () => 'there')).toBe('there');
    expect(await Promise.race([patient, Promise.resolve('still waits')])).toBe('still waits');
  });

  it('is taken over by who waits, when the call that began it was cancelled', async () => {
    const { cache } = setUp();
    const first = new AbortController();
    const gate = Promise.withResolvers<never>();
    const scope = globalThis as Record<symbol, unknown>;
    const was = scope[CURRENT_CALL];
    onTestFinished(() => {
      scope[CURRENT_CALL] = was;
    });
    scope[CURRENT_CALL] = () => ({ signal: first.signal }) as CallContext;
    const cancelled = cache.getOrSet('k', {}, () => gate.promise);
    scope[CURRENT_CALL] = () => undefined;
    const waiting = cache.getOrSet('k', {}, () => 'loaded by the other');
    first.abort();
    gate.reject(first.signal.reason);
    await expect(cancelled).rejects.toThrow('aborted');
    expect(await waiting).toBe('loaded by the other');
  });
});

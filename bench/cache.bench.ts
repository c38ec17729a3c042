/**
 * Finding a value in a plugin's cache beside a Map, lru-cache and bentocache: 1,000 keys, all there, each with a time to live.
 * An operation is 1,000 look-ups, one for each key; so a row's figure is a thousand times that of one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CacheService, definePlugin } from '@backplane/plugin-api';
import { createHost, type Host } from '@backplane/runtime';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { LRUCache } from 'lru-cache';
import { defineBenchmark } from './harness.ts';

const HOUR_MS = 3_600_000;
const keys = Array.from({ length: 1_000 }, (_, n) => `user:${n}:profile`);
const profileOf = (key: string) => ({ key, name: 'Ada', roles: ['reader', 'writer'] });

/** A host, and the cache that a plugin in it has. */
async function startHost(folder: string): Promise<{ host: Host; cache: CacheService }> {
  let cache: CacheService | undefined;
  const plugin = definePlugin({
    name: 'cached',
    version: '1.0.0',
    initialize(context) {
      cache = context.cache;
    },
  });
  const host = await createHost({
    plugins: [plugin],
    configDir: join(folder, 'config'),
    dataDir: join(folder, 'data'),
    environment: 'production',
    logLevel: 'error',
    listen: false,
  });
  await host.start();
  return { host, cache: cache as unknown as CacheService };
}

// One function for each, so that none spoils the call site of another.
const found = (get: string) =>
  new Function('keys', 'cache', `let n = 0; for (const key of keys) if (${get} !== undefined) n++; return n;`);
const foundLater = (get: string) =>
  new Function(
    'keys',
    'cache',
    `return (async () => { let n = 0; for (const key of keys) if (await ${get} !== undefined) n++; return n; })();`,
  );
const lookUp = (make: typeof found, get: string, cache: unknown) => {
  const look = make(get);
  return () => look(keys, cache);
};

export default defineBenchmark({
  name: 'cache',
  description: 'a hit in a plugin’s cache beside Map, lru-cache and bentocache',
  async run(harness) {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
    const { host, cache } = await startHost(folder);
    const map = new Map<string, object>();
    const asyncMap = { get: async (key: string) => map.get(key) };
    const lru = new LRUCache<string, object>({ max: 10_000, ttl: HOUR_MS });
    const stores = { memory: bentostore().useL1Layer(memoryDriver({ maxItems: 10_000 })) };
    const bento = new BentoCache({ default: 'memory', stores });
    try {
      for (const key of keys) {
        map.set(key, profileOf(key));
        lru.set(key, profileOf(key));
        await cache.set(key, profileOf(key), { ttl: HOUR_MS });
        await bento.set({ key, value: profileOf(key), ttl: HOUR_MS });
      }
      const atOnce = await harness.compareCalls({
        baseline: 'Map.get',
        variants: {
          'Map.get': lookUp(found, 'cache.get(key)', map),
          'context.cache.peek': lookUp(found, 'cache.peek(key)', cache),
          'lru-cache with ttl': lookUp(found, 'cache.get(key)', lru),
        },
      });
      const awaited = await harness.compareCalls({
        baseline: 'await Map.get in an async function',
        variants: {
          'await Map.get in an async function': lookUp(foundLater, 'cache.get(key)', asyncMap),
          'await context.cache.get': lookUp(foundLater, 'cache.get(key)', cache),
          'await context.cache.namespace(…).get': lookUp(
            foundLater,
            'cache.get(key.slice(5))',
            cache.namespace('user'),
          ),
          'await context.cache.getOrSet': lookUp(foundLater, 'cache.getOrSet(key, {}, () => 1)', cache),
          'await bentocache.get': lookUp(foundLater, 'cache.get({ key })', bento),
        },
      });
      harness.promise({
        text: 'a hit at once, with a time to live <= 2.5 x Map.get',
        limit: 2.5,
        measured: harness.ratio(atOnce, 'context.cache.peek'),
      });
      harness.promise({
        text: 'an awaited hit <= 1.4 x an awaited Map',
        limit: 1.4,
        measured: harness.ratio(awaited, 'await context.cache.get'),
      });
      return harness.report();
    } finally {
      await bento.disconnectAll();
      await host.stop();
      await rm(folder, { recursive: true });
    }
  },
});

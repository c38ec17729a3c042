export { errors } from './errors.ts';
export { type CacheCounts, HostCaches, type HostCachesOptions } from './host-caches.ts';
export { createLazyRedisStore } from './lazy-redis-store.ts';
export { PluginCache } from './plugin-cache.ts';
export { redisUrl } from './redis-url.ts';
export { TieredCache, type TieredCacheOptions } from './tiered-cache.ts';

import { createLazyRedisStore, type HostCachesOptions, redisUrl } from '@backplane/cache';
import type { CacheStore } from '@backplane/ports';

/** The cache of plugins, as the operator wants it. */
export interface CacheSettings {
  /** A Redis (6 or newer) or Valkey that hosts share: `redis://USER:PASSWORD@HOST:PORT/NUMBER`; `rediss://` encrypts. */
  readonly url?: string;
  /** What hosts share, in place of a Redis. It may fail and hang: the host bounds every call. */
  readonly store?: CacheStore;
  /** Entries that one plugin may have in memory. Default 10,000. */
  readonly maxEntries?: number;
  /** Bytes that one plugin may have in memory, about. Default 16 MiB. */
  readonly maxBytes?: number;
}

/** @throws BP_CACHE_URL_INVALID */
export function cacheOptions(
  { url, store, ...limits }: CacheSettings = {},
  host: Pick<HostCachesOptions, 'clock' | 'logger'>,
): HostCachesOptions {
  const redis = url === undefined ? undefined : createLazyRedisStore({ url: redisUrl(url) });
  return { ...host, limits, store: store ?? redis };
}

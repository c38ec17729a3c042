import type { CacheStore } from '@backplane/ports';
import type { RedisStoreOptions } from './redis-store.ts';

/** A Redis whose client is loaded when it is first opened: a host whose plugins use no cache pays nothing for it. */
export function createLazyRedisStore(options: RedisStoreOptions): CacheStore {
  let store: Promise<CacheStore> | undefined;
  return {
    async open(events) {
      store ??= import('./redis-store.ts').then(({ createRedisStore }) => createRedisStore(options));
      return (await store).open(events);
    },
  };
}

import type { Scope } from '@backplane/plugin-api';
import type { CacheChange, CachedValue, CacheUpstream } from '@backplane/ports';
import type { FacetLink } from './facet-link.ts';

/** The plugin's cache in the host, from which `changed` hears of what the child has not changed itself, as long as the scope is there. */
export type ConnectCache = (scope: Pick<Scope, 'add'>, changed: (change: CacheChange) => void) => CacheUpstream;

export function createConnectCache(link: FacetLink): ConnectCache {
  return (scope, changed) => {
    link.register(scope, 'cache', 'cache', 'share', changed, []);
    return {
      // What the host cannot be asked for is loaded again. A removal it has not heard of is another matter: whoever wants it must know.
      read: (key) => (link.ask('cache', 'read', [key]) as Promise<CachedValue | undefined>).catch(() => undefined),
      async write(key, value, ttl, fill) {
        const written = link.ask('cache', 'write', [key, value, ttl, fill]);
        await (fill ? written.catch(() => {}) : written);
      },
      async remove(change) {
        await link.ask('cache', 'remove', [change]);
      },
    };
  };
}

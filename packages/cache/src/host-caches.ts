import type { Clock } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import type { CacheFacet, CacheLimits, CacheStore } from '@backplane/ports';
import { errors } from './errors.ts';
import { PluginCache } from './plugin-cache.ts';
import { SharedStore } from './shared-store.ts';
import { TieredCache } from './tiered-cache.ts';

export interface HostCachesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What one plugin may keep in memory. Default 10,000 entries, 16 MiB. @throws BP_CACHE_LIMIT_INVALID */
  readonly limits?: Partial<CacheLimits> | undefined;
  /** What hosts share. Default nothing: memory alone. */
  readonly store?: CacheStore | undefined;
}

/** What the cache of one plugin has done and holds. */
export interface CacheCounts {
  readonly plugin: string;
  readonly entries: number;
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
}

export const DEFAULT_LIMITS: CacheLimits = { maxEntries: 10_000, maxBytes: 16 * 1024 * 1024 };

/** The caches of a host's plugins. One is made when its plugin first asks, and outlives the instance that did. */
export class HostCaches {
  readonly #clock: Clock;
  readonly #limits: CacheLimits;
  readonly #shared: SharedStore | undefined;
  readonly #entries = new Map<string, TieredCache>();

  constructor({ clock, logger, limits = {}, store }: HostCachesOptions) {
    this.#clock = clock;
    this.#limits = checkLimits({ ...DEFAULT_LIMITS, ...limits });
    this.#shared =
      store &&
      new SharedStore({
        store,
        clock,
        logger,
        changed: (plugin, change) => this.#entries.get(plugin)?.changed(change),
        returned: () => {
          for (const entries of this.#entries.values()) entries.changed({ pattern: '*' });
        },
      });
  }

  /** A plugin's cache, for one of its instances. */
  facet(plugin: string): CacheFacet {
    let entries = this.#entries.get(plugin);
    if (entries === undefined) {
      entries = new TieredCache({
        clock: this.#clock,
        limits: this.#limits,
        upstream: this.#shared?.upstreamOf(plugin),
      });
      this.#entries.set(plugin, entries);
    }
    return new PluginCache(plugin, entries);
  }

  /** Gives up the memory of plugins that are no longer there. What the store has of them ends with its time: other hosts may run them. */
  forgetUnless(isKnown: (plugin: string) => boolean): void {
    for (const plugin of this.#entries.keys()) if (!isKnown(plugin)) this.#entries.delete(plugin);
  }

  /** Of those that have used theirs. */
  counts(): CacheCounts[] {
    return [...this.#entries]
      .map(([plugin, { size: entries, bytes, hits, misses }]) => ({ plugin, entries, bytes, hits, misses }))
      .filter(({ entries, hits, misses }) => entries + hits + misses > 0);
  }

  /** Whether the store answers; `undefined` where there is none, or no plugin has used its cache yet. */
  get storeAnswers(): boolean | undefined {
    const phase = this.#shared?.phase;
    return phase === undefined || phase === 'idle' ? undefined : phase === 'here';
  }

  close(): void {
    this.#shared?.close();
    this.#entries.clear();
  }
}

function checkLimits(limits: CacheLimits): CacheLimits {
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw errors.BP_CACHE_LIMIT_INVALID({ option: `cache.${name}`, value: String(value) });
  }
  return limits;
}

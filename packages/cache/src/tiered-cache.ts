import type { Clock } from '@backplane/base';
import type { CacheChange, CachedValue, CacheLimits, CacheUpstream } from '@backplane/ports';
import { type MemoryEntry, MemoryLevel } from './memory-level.ts';
import { open, type SealedValue, seal } from './sealed-value.ts';
import { TurnClock } from './turn-clock.ts';
import { type Watch, WatchList } from './watch-list.ts';

export interface TieredCacheOptions {
  readonly clock: Clock;
  readonly limits: CacheLimits;
  /** What lies behind memory: the store that hosts share, or the host's cache. */
  readonly upstream?: CacheUpstream | undefined;
}

type Listener = (change: CacheChange) => void;

/**
 * One plugin's entries in this process, in front of what lies upstream. Whatever is set or removed, here or elsewhere, is never followed by an older
 * value that was on its way meanwhile.
 */
export class TieredCache {
  readonly limits: CacheLimits;
  readonly time: TurnClock;
  hits = 0;
  misses = 0;
  readonly #memory: MemoryLevel;
  readonly #upstream: CacheUpstream | undefined;
  readonly #watches = new WatchList();
  readonly #listeners = new Set<Listener>();

  constructor({ clock, limits, upstream }: TieredCacheOptions) {
    this.limits = limits;
    this.time = new TurnClock(clock);
    this.#memory = new MemoryLevel(limits, this.time);
    this.#upstream = upstream;
  }

  get size(): number {
    return this.#memory.size;
  }

  get bytes(): number {
    return this.#memory.bytes;
  }

  /** What memory has; never waits. */
  peek(key: string): unknown {
    const entry = this.#memory.get(key);
    if (entry === undefined) return undefined;
    this.hits++;
    return open(entry.sealed);
  }

  /** What memory or the upstream has. Never rejects. */
  async find(key: string): Promise<MemoryEntry | undefined> {
    const entry = this.#memory.get(key);
    if (entry !== undefined) {
      this.hits++;
      return entry;
    }
    const found = this.#upstream && (await this.#fetch(key, this.#upstream));
    if (found === undefined) this.misses++;
    else this.hits++;
    return found;
  }

  /**
   * Keeps a value: at once in memory; upstream when this resolves. A `fill` is given up where somebody else has changed the key in the meantime,
   * and never rejects.
   */
  async write(key: string, sealed: SealedValue, ttl: number, fill: boolean, by?: Listener): Promise<void> {
    const change = { keys: [key] };
    if (!fill) this.#tell(change, by);
    const kept = this.#memory.set(key, { sealed, expires: this.time.exact() + ttl });
    if (this.#upstream === undefined) return;
    if (!kept) {
      if (!fill) await this.#upstream.remove(change);
      return;
    }
    if (!fill) return this.#upstream.write(key, open(sealed), ttl, false);
    const watch = this.#watches.begin(key);
    await this.#upstream.write(key, open(sealed), ttl, true);
    this.#watches.end(watch);
    // It may have been stored over what another host has just set or removed.
    if (watch.changedElsewhere) await this.#upstream.remove(change);
  }

  /** Removes from memory at once; upstream when this resolves. */
  async remove(change: CacheChange, by?: Listener): Promise<void> {
    this.#memory.remove(change);
    this.#tell(change, by);
    if (this.#upstream === undefined) return;
    await this.#upstream.remove(change);
    // While a pattern is gone through, what it has not reached yet may have been read again.
    if ('pattern' in change) this.changed(change);
  }

  /** Takes note of a change that was made elsewhere. */
  changed(change: CacheChange): void {
    this.#memory.remove(change);
    this.#tell(change, undefined, true);
  }

  /** Tells whether a key is changed while its value is made. Ended by `end`. */
  watch(key: string): Watch {
    return this.#watches.begin(key);
  }

  end(watch: Watch): void {
    this.#watches.end(watch);
  }

  /** This cache as the upstream of another one. */
  share(listener: Listener): CacheUpstream & Disposable {
    this.#listeners.add(listener);
    return {
      read: async (key) => {
        const entry = await this.find(key);
        return entry && { value: open(entry.sealed), ttl: entry.expires - this.time.exact() };
      },
      write: (key, value, ttl, fill) => this.write(key, seal(value), ttl, fill, listener),
      remove: (change) => this.remove(change, listener),
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
      },
    };
  }

  async #fetch(key: string, upstream: CacheUpstream): Promise<MemoryEntry | undefined> {
    const watch = this.#watches.begin(key);
    const found: CachedValue | undefined = await upstream.read(key);
    this.#watches.end(watch);
    if (found === undefined || !(found.ttl > 0)) return undefined;
    const entry = { sealed: seal(found.value), expires: this.time.exact() + found.ttl };
    if (!watch.changed) this.#memory.set(key, entry);
    return entry;
  }

  #tell(change: CacheChange, by: Listener | undefined, elsewhere = by !== undefined): void {
    this.#watches.mark(change, elsewhere);
    for (const listener of this.#listeners) if (listener !== by) listener(change);
  }
}

import { findUncloneable, messageOf } from '@backplane/base';
import { type CacheSetOptions, type CallContext, currentCall } from '@backplane/plugin-api';
import type { CacheChange, CacheFacet, CacheLimits, CacheUpstream } from '@backplane/ports';
import { errors } from './errors.ts';
import { open, type SealedValue, seal } from './sealed-value.ts';
import type { TieredCache } from './tiered-cache.ts';
import type { Watch } from './watch-list.ts';

/** Default, and longest, time that an entry is good for: nothing stays in a shared store for ever. */
export const LONGEST_TTL_MS = 7 * 24 * 60 * 60 * 1000;
/** A load that has taken longer may never end, and newcomers do not wait for it. */
const LONGEST_WAIT_MS = 30_000;
const LONGEST_KEY = 1024;
const NAMESPACE = /^[\w.-]{1,64}$/;

/** A load under way. */
interface Flight {
  readonly watch: Watch;
  readonly since: number;
  /** In which it was begun: when that is cancelled, so perhaps is the load. */
  readonly call: CallContext | undefined;
  readonly value: Promise<SealedValue | undefined>;
}

/** The cache as one instance of a plugin sees it, or one namespace of it. Loads belong to the instance, entries to the plugin. */
export class PluginCache implements CacheFacet {
  readonly #plugin: string;
  readonly #entries: TieredCache;
  readonly #prefix: string;
  readonly #flights: Map<string, Flight>;

  constructor(plugin: string, entries: TieredCache, prefix = '', flights = new Map<string, Flight>()) {
    this.#plugin = plugin;
    this.#entries = entries;
    this.#prefix = prefix;
    this.#flights = flights;
  }

  get limits(): CacheLimits {
    return this.#entries.limits;
  }

  // Not async: a hit costs one promise that is there already.
  get<T = unknown>(key: string): Promise<T | undefined> {
    const hit = this.peek<T>(key);
    return hit === undefined ? this.#find<T>(key) : Promise.resolve(hit);
  }

  peek<T = unknown>(key: string): T | undefined {
    return this.#entries.peek(this.#prefix === '' ? key : this.#prefix + key) as T | undefined;
  }

  async has(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  async set(key: string, value: unknown, options: CacheSetOptions = {}): Promise<void> {
    const full = this.#key(key);
    const ttl = this.#ttl(key, options);
    await this.#entries.write(full, this.#seal(key, value), ttl, false);
  }

  async delete(key: string): Promise<void> {
    await this.#entries.remove({ keys: [this.#key(key)] });
  }

  async deletePattern(pattern: string): Promise<void> {
    await this.#entries.remove({ pattern: this.#key(pattern) });
  }

  async clear(): Promise<void> {
    await this.#entries.remove({ pattern: `${this.#prefix}*` });
  }

  async getOrSet<T>(key: string, options: CacheSetOptions, load: () => T | Promise<T>): Promise<T> {
    const hit = this.peek<T>(key);
    if (hit !== undefined) return hit;
    const full = this.#key(key);
    const ttl = this.#ttl(key, options);
    const flight = this.#flights.get(full);
    if (flight !== undefined && this.#isWorthAWait(flight)) {
      try {
        return opened<T>(await flight.value);
      } catch (error) {
        if (!flight.call?.signal.aborted || currentCall()?.signal.aborted) throw error;
        return this.getOrSet(key, options, load);
      }
    }
    return opened<T>(await this.#begin(key, full, ttl, load));
  }

  namespace(name: string): PluginCache {
    if (typeof name !== 'string' || !NAMESPACE.test(name))
      throw errors.BP_CACHE_NAMESPACE_INVALID({ plugin: this.#plugin, name: shown(name) });
    return new PluginCache(this.#plugin, this.#entries, `${this.#prefix}${name}:`, this.#flights);
  }

  share(changed: (change: CacheChange) => void): CacheUpstream & Disposable {
    return this.#entries.share(changed);
  }

  async #find<T>(key: string): Promise<T | undefined> {
    const entry = await this.#entries.find(this.#key(key));
    return entry && (open(entry.sealed) as T);
  }

  #isWorthAWait({ watch, since }: Flight): boolean {
    return !watch.changed && this.#entries.time.exact() - since < LONGEST_WAIT_MS;
  }

  #begin(key: string, full: string, ttl: number, load: () => unknown): Promise<SealedValue | undefined> {
    const watch = this.#entries.watch(full);
    const value = this.#load(key, ttl, load, watch);
    const flight: Flight = { watch, since: this.#entries.time.exact(), call: currentCall(), value };
    this.#flights.set(full, flight);
    const over = () => {
      this.#entries.end(watch);
      if (this.#flights.get(full) === flight) this.#flights.delete(full);
    };
    value.then(over, over);
    return value;
  }

  async #load(key: string, ttl: number, load: () => unknown, watch: Watch): Promise<SealedValue | undefined> {
    const entry = await this.#entries.find(watch.key);
    if (entry !== undefined) return entry.sealed;
    const value = await load();
    if (value === undefined) return undefined;
    const sealed = this.#seal(key, value);
    // Nobody waits for the store to take what can be loaded again.
    if (!watch.changed) void this.#entries.write(watch.key, sealed, ttl, true);
    return sealed;
  }

  #key(key: string): string {
    const refuse = (reason: string) => errors.BP_CACHE_KEY_INVALID({ plugin: this.#plugin, key: shown(key), reason });
    if (typeof key !== 'string') throw refuse('it is no string');
    if (key === '') throw refuse('it is empty');
    if (key.length > LONGEST_KEY) throw refuse(`it has ${key.length} characters`);
    if (!key.isWellFormed()) throw refuse('it holds half of a surrogate pair');
    return this.#prefix + key;
  }

  #ttl(key: string, { ttl = LONGEST_TTL_MS }: CacheSetOptions): number {
    if (typeof ttl === 'number' && ttl > 0) return Math.min(Math.ceil(ttl), LONGEST_TTL_MS);
    throw errors.BP_CACHE_TTL_INVALID({ plugin: this.#plugin, key, ttl: shown(ttl) });
  }

  #seal(key: string, value: unknown): SealedValue {
    const plugin = this.#plugin;
    if (value === undefined) {
      const reason = 'undefined says that there is nothing';
      throw errors.BP_CACHE_VALUE_INVALID({ plugin, key, path: '', reason });
    }
    const offender = findUncloneable(value);
    if (offender) throw errors.BP_CACHE_VALUE_INVALID({ plugin, key, ...offender });
    try {
      return seal(value);
    } catch (cause) {
      throw errors.BP_CACHE_VALUE_INVALID({ plugin, key, path: '', reason: messageOf(cause) }, { cause });
    }
  }
}

const opened = <T>(sealed: SealedValue | undefined): T => (sealed && open(sealed)) as T;

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
}

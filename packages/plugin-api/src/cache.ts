export interface CacheSetOptions {
  /** Milliseconds that the value is good for, above 0. Default, and at most, 7 days (604,800,000). In Redis, and in the host of a plugin in a process, they count from its arrival. */
  readonly ttl?: number;
}

/**
 * Values that may be lost at any time and are dear to make. A plugin sees its own keys only, under all of its versions and in all hosts that
 * share a Redis; a new version finds what the one before it has kept. Kept in memory, within limits that the operator sets, and in Redis where
 * the operator names one. When Redis cannot be reached, memory goes on alone: nothing here rejects for it, or waits longer than 250 ms (the
 * very first use: 1 s).
 *
 * A value is anything that a structured clone copies without stripping it of its class. It is copied when it is kept. What a hit gives is
 * frozen through and through; where it holds something that cannot be frozen (a Date, Map, Set, bytes, …), each hit gives a copy of its own. So nobody's change reaches anybody else, at every isolation level.
 *
 * Keys are 1 to 1,024 characters. `:` between their parts is a good habit: `user:42:name`.
 */
export interface CacheService {
  /** The value, or `undefined`. Looks into memory, then into Redis, and keeps in memory what it finds there. */
  get<T = unknown>(key: string): Promise<T | undefined>;
  /** The value where it is in this process's memory, at once. Time stands still for it within one turn of the event loop. */
  peek<T = unknown>(key: string): T | undefined;
  /** True where `get` would give a value. */
  has(key: string): Promise<boolean>;
  /**
   * Keeps a value, in place of the one before. `peek` sees it at once; when this resolves, so does every host that can reach Redis.
   * A value too large for the plugin's share of memory is not kept.
   * @throws BP_CACHE_KEY_INVALID, BP_CACHE_TTL_INVALID, BP_CACHE_VALUE_INVALID for `undefined`, functions, instances of classes, …
   */
  set(key: string, value: unknown, options?: CacheSetOptions): Promise<void>;
  /** Forgets a key. What was being loaded for it in the meantime is not kept. */
  delete(key: string): Promise<void>;
  /** Forgets every key that matches: `*` stands for any characters, also none. `user:42:*` */
  deletePattern(pattern: string): Promise<void>;
  /** Forgets everything of the plugin, or of the namespace. */
  clear(): Promise<void>;
  /**
   * The value, loaded where there is none. For one key, one load is under way in an instance of the plugin at a time, and all who ask meanwhile
   * get what it gives; a load that has taken 30 s is not waited for by newcomers. When it rejects, all of them get that error, and nothing is
   * kept; who waited for a caller that was cancelled loads again. `undefined` is handed on and not kept; `null` is kept.
   * @throws what `load` throws; as `set` does
   */
  getOrSet<T>(key: string, options: CacheSetOptions, load: () => T | Promise<T>): Promise<T>;
  /**
   * The same cache with `NAME:` before every key, so that `namespace('users')` holds what `deletePattern('users:*')` forgets.
   * A name is 1 to 64 letters, digits and `_.-`. @throws BP_CACHE_NAMESPACE_INVALID
   */
  namespace(name: string): CacheService;
}

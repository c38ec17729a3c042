import type { CacheService } from '@backplane/plugin-api';

/** Entries that have changed or gone: some keys, or all that a pattern matches, in which `*` stands for any characters. */
export type CacheChange = { readonly keys: readonly string[] } | { readonly pattern: string };

/** A value that nobody else holds, and the milliseconds it is still good for. */
export interface CachedValue {
  readonly value: unknown;
  readonly ttl: number;
}

/** What lies behind a cache in memory. Neither `read` nor a `fill` rejects: what cannot be reached has nothing. */
export interface CacheUpstream {
  read(key: string): Promise<CachedValue | undefined>;
  /** `fill`: the value was loaded because there was none, and is no newer than what anybody else has. */
  write(key: string, value: unknown, ttl: number, fill: boolean): Promise<void>;
  remove(change: CacheChange): Promise<void>;
}

/** How much one plugin's cache may keep in one process. */
export interface CacheLimits {
  readonly maxEntries: number;
  /** About: what values take is estimated. */
  readonly maxBytes: number;
}

/** The cache of an instance: what the author sees, and how one in another process takes part. */
export interface CacheFacet extends CacheService {
  readonly limits: CacheLimits;
  /** This cache as the upstream of another, which hears of every change that it did not make itself, until disposed. */
  share(changed: (change: CacheChange) => void): CacheUpstream & Disposable;
}

/** An entry as it is stored. */
export interface StoredEntry {
  readonly bytes: Uint8Array;
  /** Milliseconds it is still good for. */
  readonly ttl: number;
}

export interface CacheStoreEvents {
  /** Another host has changed these. Told in order: before the answer to whatever this host asked after that change. */
  changed(change: CacheChange): void;
  /** The connection is broken. */
  lost(reason: unknown): void;
}

/**
 * A store that hosts share, behind the memory of each: Redis, or an operator's own. It may fail, hang and come back as it likes: its user bounds
 * every call, and does without it meanwhile.
 */
export interface CacheStore {
  /** Connects. Called again, after a pause, when that fails or a connection is lost; what the one before still has under way must not happen after this. */
  open(events: CacheStoreEvents): Promise<CacheConnection>;
}

/** A connection to a store. A call that rejects, or takes too long, is the end of it. Keys are `PLUGIN:KEY`. */
export interface CacheConnection {
  read(key: string): Promise<StoredEntry | undefined>;
  /** Stores an entry; with `announce`, tells the other hosts of it: in the same step, or both before and after. */
  write(key: string, entry: StoredEntry, announce: boolean): Promise<void>;
  /** Removes keys, and tells the other hosts: in the same step, or both before and after. */
  remove(keys: readonly string[]): Promise<void>;
  /**
   * Removes some of what matches, and gives where to go on; `undefined` when nothing is left. Tells the other hosts before it removes anything
   * (`from` not given), and again at the end.
   */
  removeMatching(pattern: string, from?: string): Promise<string | undefined>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  /** Ends it at once. What was under way rejects. */
  close(): void;
}

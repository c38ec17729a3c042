import type { CacheChange, CacheLimits } from '@backplane/ports';
import { LRUCache } from 'lru-cache';
import { globMatcher } from './glob.ts';
import type { SealedValue } from './sealed-value.ts';
import type { TurnClock } from './turn-clock.ts';

export interface MemoryEntry {
  readonly sealed: SealedValue;
  /** In the turn clock's time. */
  readonly expires: number;
}

/** What an entry takes besides key and value, about. */
const ENTRY_OVERHEAD = 128;

/** Entries in memory: never more than the limits, the least recently used go first; never one whose time is over. */
export class MemoryLevel {
  readonly #limits: CacheLimits;
  readonly #time: TurnClock;
  /** Made when something is first kept: it takes room for all that may be. */
  #entries: LRUCache<string, MemoryEntry> | undefined;

  constructor(limits: CacheLimits, time: TurnClock) {
    this.#limits = limits;
    this.#time = time;
  }

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  get bytes(): number {
    return this.#entries?.calculatedSize ?? 0;
  }

  get(key: string): MemoryEntry | undefined {
    const entry = this.#entries?.get(key);
    if (entry === undefined || entry.expires > this.#time.now()) return entry;
    this.#entries?.delete(key);
    return undefined;
  }

  /** False for an entry that is larger than all that may be kept; the one before under its key is gone then, too. */
  set(key: string, entry: MemoryEntry): boolean {
    const size = ENTRY_OVERHEAD + key.length + entry.sealed.size;
    this.#entries ??= new LRUCache({ max: this.#limits.maxEntries, maxSize: this.#limits.maxBytes });
    this.#entries.set(key, entry, { size });
    return size <= this.#limits.maxBytes;
  }

  remove(change: CacheChange): void {
    if ('keys' in change) {
      for (const key of change.keys) this.#entries?.delete(key);
      return;
    }
    const matches = globMatcher(change.pattern);
    for (const key of [...(this.#entries?.keys() ?? [])]) if (matches(key)) this.#entries?.delete(key);
  }
}

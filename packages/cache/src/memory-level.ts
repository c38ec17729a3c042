import type { CacheChange, CacheLimits } from '@backplane/ports';
import { globMatcher } from './glob.ts';
import type { SealedValue } from './sealed-value.ts';
import type { TurnClock } from './turn-clock.ts';

export interface MemoryEntry {
  readonly sealed: SealedValue;
  /** In the turn clock's time. */
  readonly expires: number;
}

interface Slot extends MemoryEntry {
  readonly size: number;
  /** Found since it was kept, or since it was last spared. */
  used: boolean;
}

/** What an entry takes besides key and value, about. */
const ENTRY_OVERHEAD = 128;
/** Entries that may be spared before one goes all the same: nobody waits for a walk through all of them. */
const MOST_SPARED = 100;

/**
 * Entries in memory: never more than the limits, never one whose time is over. The oldest go first, but what was found since is spared once and
 * becomes the newest. So a hit writes one mark, where the exact order of use would take a list that is mended at each.
 */
export class MemoryLevel {
  readonly #limits: CacheLimits;
  readonly #time: TurnClock;
  readonly #slots = new Map<string, Slot>();
  #bytes = 0;

  constructor(limits: CacheLimits, time: TurnClock) {
    this.#limits = limits;
    this.#time = time;
  }

  get size(): number {
    return this.#slots.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): MemoryEntry | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    if (slot.expires > this.#time.now()) {
      slot.used = true;
      return slot;
    }
    this.#delete(key);
    return undefined;
  }

  /** False for an entry that is larger than all that may be kept; the one before under its key is gone then, too. */
  set(key: string, { sealed, expires }: MemoryEntry): boolean {
    this.#delete(key);
    const size = ENTRY_OVERHEAD + key.length + sealed.size;
    if (size > this.#limits.maxBytes) return false;
    this.#makeRoom(size);
    this.#slots.set(key, { sealed, expires, size, used: false });
    this.#bytes += size;
    return true;
  }

  remove(change: CacheChange): void {
    if ('keys' in change) {
      for (const key of change.keys) this.#delete(key);
      return;
    }
    const matches = globMatcher(change.pattern);
    for (const key of this.#slots.keys()) if (matches(key)) this.#delete(key);
  }

  #makeRoom(size: number): void {
    const { maxEntries, maxBytes } = this.#limits;
    const now = this.#time.now();
    let spared = 0;
    // What is put back at the end is met again by the same walk.
    for (const [key, slot] of this.#slots) {
      if (this.#slots.size < maxEntries && this.#bytes + size <= maxBytes) return;
      if (slot.used && slot.expires > now && spared++ < MOST_SPARED) {
        slot.used = false;
        this.#slots.delete(key);
        this.#slots.set(key, slot);
      } else this.#delete(key);
    }
  }

  #delete(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    this.#bytes -= slot.size;
  }
}

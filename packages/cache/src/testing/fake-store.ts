import type { Clock } from '@backplane/base';
import type { CacheChange, CacheConnection, CacheStore, CacheStoreEvents, StoredEntry } from '@backplane/ports';
import { globMatcher } from '../glob.ts';

type Mood = 'fine' | 'refusing' | 'hanging';

/** A store in memory, for hosts of one test. It can refuse and hang, and then does what it was asked to before when it is fine again. */
export class FakeStore {
  readonly entries = new Map<string, { readonly bytes: Uint8Array; readonly expires: number }>();
  /** What it was asked, in order. */
  readonly asked: string[] = [];
  opened = 0;
  readonly #clock: Clock;
  #mood: Mood = 'fine';
  readonly #open = new Set<{ events: CacheStoreEvents; broken: boolean }>();
  readonly #unread: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The store as one host sees it. */
  asSeen(): CacheStore {
    let mine: { events: CacheStoreEvents; broken: boolean } | undefined;
    return {
      open: async (events) => {
        this.opened++;
        // What the connection before has sent is not done after this.
        if (mine) mine.broken = true;
        const seat = { events, broken: false };
        mine = seat;
        await this.#do(seat, 'open', () => {});
        this.#open.add(seat);
        return this.#connection(seat);
      },
    };
  }

  set mood(mood: Mood) {
    this.#mood = mood;
    if (mood !== 'fine') return;
    for (const work of this.#unread.splice(0)) work();
  }

  /** Breaks every connection. */
  breakConnections(): void {
    for (const seat of this.#open) {
      seat.broken = true;
      seat.events.lost(new Error('The connection is broken.'));
    }
    this.#open.clear();
  }

  #connection(seat: { events: CacheStoreEvents; broken: boolean }): CacheConnection {
    const tell = (change: CacheChange) => {
      for (const other of this.#open) if (other !== seat) other.events.changed(change);
    };
    return {
      read: (key) => this.#do(seat, `read ${key}`, () => this.#entry(key)),
      write: (key, entry, announce) =>
        this.#do(seat, `write ${key}`, () => {
          this.entries.set(key, { bytes: entry.bytes, expires: this.#clock.monotonic() + entry.ttl });
          if (announce) tell({ keys: [key] });
        }),
      remove: (keys) =>
        this.#do(seat, `remove ${keys.join(' ')}`, () => {
          for (const key of keys) this.entries.delete(key);
          tell({ keys });
        }),
      removeMatching: (pattern, from) =>
        this.#do(seat, `removeMatching ${pattern} ${from ?? ''}`, () => {
          tell({ pattern });
          const [key, ...more] = [...this.entries.keys()].filter(globMatcher(pattern));
          if (key !== undefined) this.entries.delete(key);
          return more.length > 0 ? 'more' : undefined;
        }),
      ping: () => this.#do(seat, 'ping', () => {}),
      close: () => {
        this.#open.delete(seat);
      },
    };
  }

  #entry(key: string): StoredEntry | undefined {
    const { bytes, expires } = this.entries.get(key) ?? { expires: 0 };
    const ttl = expires - this.#clock.monotonic();
    return bytes && ttl > 0 ? { bytes, ttl } : undefined;
  }

  #do<T>(seat: { broken: boolean }, asked: string, work: () => T): Promise<T> {
    this.asked.push(asked.trim());
    if (this.#mood === 'refusing' || seat.broken) return Promise.reject(new Error('The store refuses.'));
    if (this.#mood === 'fine') return Promise.resolve().then(work);
    return new Promise((resolve) => {
      this.#unread.push(() => {
        if (!seat.broken) resolve(work());
      });
    });
  }
}

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogRecord } from '@backplane/ports';
import { type LogFilter, matcherOf } from './log-filter.ts';

/** Hears lines as they are logged. While what it returned is not settled, lines wait; `skipped` is how many did not find room since the last call. */
export type LogListener = (lines: readonly LogRecord[], skipped: number) => void | Promise<void>;

interface Tail {
  readonly matches: (record: LogRecord) => boolean;
  readonly listener: LogListener;
  readonly room: number;
  waiting: LogRecord[];
  skipped: number;
  /** Somebody will call the listener, or it is at work. */
  busy: boolean;
}

/** Those who listen. Giving a line to all of them costs nothing where there are none, and never runs a listener at once. */
export class LogTails {
  readonly #tails = new Set<Tail>();

  /** Gives what ends it. A listener that fails is heard no more. */
  add(filter: LogFilter, listener: LogListener, room: number): () => void {
    const tail: Tail = { matches: matcherOf(filter), listener, room, waiting: [], skipped: 0, busy: false };
    this.#tails.add(tail);
    return () => this.#tails.delete(tail);
  }

  take(record: LogRecord): void {
    for (const tail of this.#tails) {
      if (!tail.matches(record)) continue;
      if (tail.waiting.length < tail.room) tail.waiting.push(record);
      else tail.skipped++;
      if (tail.busy) continue;
      tail.busy = true;
      setImmediate(() => void this.#deliver(tail));
    }
  }

  clear(): void {
    this.#tails.clear();
  }

  async #deliver(tail: Tail): Promise<void> {
    try {
      while (this.#tails.has(tail) && tail.waiting.length > 0) {
        const { waiting, skipped } = tail;
        tail.waiting = [];
        tail.skipped = 0;
        await tail.listener(waiting, skipped);
        // A listener that logs would otherwise hear of itself without anybody else having a turn.
        await nextTurn();
      }
    } catch {
      this.#tails.delete(tail);
    }
    tail.busy = false;
  }
}

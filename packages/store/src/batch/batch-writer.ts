import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, ClockTimer } from '@backplane/base';

export interface BatchWriterOptions<Item> {
  readonly clock: Clock;
  /** Writes one batch, whole or not at all. One at a time is under way. */
  readonly write: (batch: readonly Item[]) => Promise<void>;
  /** Items in a batch at most. */
  readonly most: number;
  /** A batch begins so many milliseconds after its first item, or when it is full. 0: with the next turn of the event loop. */
  readonly afterMs: number;
  /** So many items may wait, those under way included. */
  readonly room: number;
  /** A batch that could not be written is tried again after this pause, which doubles up to `LONGEST_PAUSE_MS`. 0: it is given up. */
  readonly retryMs: number;
}

const LONGEST_PAUSE_MS = 30_000;

/**
 * Gathers items and writes them in batches, in the order in which they were taken. Taking never waits and never throws. Memory is bounded
 * by `room`: what is over it is not taken, and the caller is told.
 */
export class BatchWriter<Item> {
  readonly #options: BatchWriterOptions<Item>;
  readonly #waiting: Item[] = [];
  /** How many of the first are being written. */
  #underWay = 0;
  /** How many of the first are to be written now, however few they are. */
  #due = 0;
  #timer: ClockTimer | undefined;
  #run: Promise<void> | undefined;
  /** Above 0 after a failure, until a batch is written. */
  #pauseMs = 0;
  #closed = false;

  constructor(options: BatchWriterOptions<Item>) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** True when the item will be written, or given up together with its batch; false when there is no room, or the writer is closed. */
  take(item: Item): boolean {
    const { room, most } = this.#options;
    if (this.#closed || this.#waiting.length >= room) return false;
    this.#waiting.push(item);
    if (this.#run === undefined && this.#pauseMs === 0) {
      if (this.#waiting.length === most) this.#arm(0, 'full');
      else this.#timer ??= this.#later(this.#options.afterMs, 'all');
    }
    return true;
  }

  /** Takes back what waits and is not under way. */
  takeBack(): readonly Item[] {
    this.#due = this.#underWay;
    return this.#waiting.splice(this.#underWay);
  }

  /** Resolves when each item taken so far has been written, or has been tried once more. */
  async flush(): Promise<void> {
    if (this.#waiting.length > 0) this.#begin('all');
    await this.#run;
  }

  /** Takes no more, tries to write what waits, and gives back what could not be. */
  async close(): Promise<readonly Item[]> {
    this.#closed = true;
    await this.flush();
    this.#timer?.cancel();
    return this.takeBack();
  }

  #arm(delayMs: number, batches: 'all' | 'full'): void {
    this.#timer?.cancel();
    this.#timer = this.#later(delayMs, batches);
  }

  /** Never at once: whoever gives an item does not write it. */
  #later(delayMs: number, batches: 'all' | 'full'): ClockTimer {
    if (delayMs > 0) return this.#options.clock.after(delayMs, () => this.#begin(batches));
    const immediate = setImmediate(() => this.#begin(batches));
    return { cancel: () => clearImmediate(immediate) };
  }

  #begin(batches: 'all' | 'full'): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (batches === 'all') this.#due = this.#waiting.length;
    this.#run ??= this.#writeDue().finally(() => {
      this.#run = undefined;
    });
  }

  async #writeDue(): Promise<void> {
    const { most, afterMs } = this.#options;
    while (this.#due > 0 || this.#waiting.length >= most) {
      this.#underWay = Math.min(most, this.#waiting.length);
      const settled = await this.#writeBatch(this.#waiting.slice(0, this.#underWay));
      if (settled) {
        this.#waiting.splice(0, this.#underWay);
        this.#due = Math.max(0, this.#due - this.#underWay);
      }
      this.#underWay = 0;
      if (!settled) return this.#arm(this.#pauseMs, 'all');
      // Everybody else has a turn between two batches.
      await nextTurn();
    }
    if (this.#waiting.length > 0) this.#arm(afterMs, 'all');
  }

  /** False when it is to be tried again. */
  async #writeBatch(batch: readonly Item[]): Promise<boolean> {
    const { write, retryMs } = this.#options;
    try {
      await write(batch);
      this.#pauseMs = 0;
      return true;
    } catch {
      if (retryMs === 0) return true;
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(retryMs, this.#pauseMs * 2));
      return false;
    }
  }
}

import type { Clock } from '@backplane/base';

/** The longest time the event loop is held by one slice of long work. */
const SLICE_MS = 8;

/** Cuts long work into slices, between which others get their turn. */
export class Slices {
  readonly #clock: Clock;
  readonly #pause: () => Promise<void>;
  #since: number;

  constructor(clock: Clock, pause: () => Promise<void>) {
    this.#clock = clock;
    this.#pause = pause;
    this.#since = clock.monotonic();
  }

  /** Called between two pieces of the work. */
  async next(): Promise<void> {
    if (this.#clock.monotonic() - this.#since < SLICE_MS) return;
    await this.#pause();
    this.#since = this.#clock.monotonic();
  }
}

import type { Clock } from '@backplane/base';

/** Monotonic time for what asks far more often than it moves: read once, and again after a millisecond or more, in another turn of the event loop. */
export class TurnClock {
  readonly #clock: Clock;
  #now: number | undefined;
  readonly #forget = (): void => {
    this.#now = undefined;
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#now ?? this.#read();
  }

  /** The time of this very moment, for what is about to wait. */
  exact(): number {
    return this.#clock.monotonic();
  }

  #read(): number {
    this.#now = this.#clock.monotonic();
    this.#clock.after(1, this.#forget);
    return this.#now;
  }
}

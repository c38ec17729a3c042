import { setImmediate } from 'node:timers/promises';
import { type Clock, systemClock } from '@backplane/base';

/** Long synchronous work asks it between steps to let others run: requests are served while a thousand folders are read. */
export class TimeSlice {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  #ends: number;

  constructor(milliseconds = 8, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
    this.#ends = clock.monotonic() + milliseconds;
  }

  /** True once the slice is used up; then await `next`. */
  get over(): boolean {
    return this.#clock.monotonic() >= this.#ends;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#ends = this.#clock.monotonic() + this.#milliseconds;
  }
}

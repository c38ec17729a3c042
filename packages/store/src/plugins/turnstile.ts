import type { Clock } from '@backplane/base';

interface Waiter {
  enter(): void;
}

/** Lets so many in at a time, in the order in which they came. */
export class Turnstile {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter>();
  #free: number;

  constructor(clock: Clock, places = 1) {
    this.#clock = clock;
    this.#free = places;
  }

  get taken(): boolean {
    return this.#free === 0;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves with what lets the next one in, which does nothing the second time. Rejects with `late` after so many milliseconds. */
  enter(limitMs: number, late: () => Error): Promise<() => void> {
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve(this.#leave());
    }
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(limitMs, () => {
        this.#waiting.delete(waiter);
        reject(late());
      });
      const waiter: Waiter = {
        enter: () => {
          timer.cancel();
          resolve(this.#leave());
        },
      };
      this.#waiting.add(waiter);
    });
  }

  #leave(): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const [next] = this.#waiting;
      if (next === undefined) {
        this.#free++;
        return;
      }
      this.#waiting.delete(next);
      next.enter();
    };
  }
}

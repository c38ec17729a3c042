import type { Clock, ClockTimer } from '@backplane/base';

/** Nobody waits longer for a store, however busily it answers others. */
const LONGEST_MS = 2_000;

/** Calls to a store that are under way, bounded in time, all ended together when the connection is. */
export class PendingCalls {
  readonly #clock: Clock;
  readonly #pending = new Set<(reason: unknown) => void>();
  #lastAnswer = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Settles as `work` does, or rejects with what `end` is given, or when nothing at all has been answered for `limitMs`: a burst of calls is no
   * sign that the store hangs.
   */
  limit<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
    const clock = this.#clock;
    const began = clock.monotonic();
    return new Promise((resolve, reject) => {
      let timer: ClockTimer;
      const wait = (ms: number): void => {
        // A loop that was blocked runs timers before it reads what has arrived in the meantime.
        timer = clock.after(ms, () => setImmediate(look));
      };
      const look = (): void => {
        if (!this.#pending.has(reject)) return;
        const until = Math.min(Math.max(began, this.#lastAnswer) + limitMs, began + Math.max(limitMs, LONGEST_MS));
        const left = until - clock.monotonic();
        if (left > 0) wait(left);
        else reject(new Error(`It did not answer within ${limitMs} ms.`));
      };
      const over = (): void => {
        timer.cancel();
        this.#pending.delete(reject);
      };
      this.#pending.add(reject);
      wait(limitMs);
      const answered = (value: T): void => {
        this.#lastAnswer = clock.monotonic();
        resolve(value);
      };
      void work().then(answered, reject).finally(over);
    });
  }

  end(reason: unknown): void {
    for (const reject of this.#pending) reject(reason);
    this.#pending.clear();
  }
}

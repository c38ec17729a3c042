import type { Clock, ClockTimer } from '@backplane/base';

/** Work of a plugin's own accord: armed while the plugin is active, disarmed while it is not. */
export interface Recurring {
  arm(): void;
  /** Stops it; resolves when what was running has ended. */
  disarm(): Promise<void>;
}

/** One action after another, `everyMs` between the end of one and the start of the next. */
export class Interval implements Recurring {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #action: () => Promise<void>;
  #timer: ClockTimer | undefined;
  #running: Promise<void> | undefined;
  #armed = false;

  constructor(clock: Clock, everyMs: number, action: () => Promise<void>) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#action = action;
  }

  arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    // A tick that outlived the pause goes on by itself when it ends: two chains would double the pace.
    if (this.#running === undefined) this.#schedule();
  }

  async disarm(): Promise<void> {
    this.#armed = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#running;
  }

  #schedule(): void {
    this.#timer = this.#clock.after(this.#everyMs, () => {
      this.#running = this.#action().finally(() => {
        this.#running = undefined;
        if (this.#armed) this.#schedule();
      });
    });
  }
}

/** One action, once. Disarmed before it ran, it runs its whole delay after it is armed again. */
export class Timeout implements Recurring {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #action: () => Promise<void>;
  #timer: ClockTimer | undefined;
  #running: Promise<void> | undefined;
  #done = false;

  constructor(clock: Clock, delayMs: number, action: () => Promise<void>) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#action = action;
  }

  arm(): void {
    if (this.#done || this.#timer !== undefined) return;
    this.#timer = this.#clock.after(this.#delayMs, () => {
      this.#done = true;
      this.#running = this.#action();
    });
  }

  async disarm(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#running;
  }
}

/** A loop that runs until its signal aborts. Armed again while the last run still ends, it waits for that: never two at once. */
export class Task implements Recurring {
  readonly #run: (signal: AbortSignal) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  #current: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(run: (signal: AbortSignal) => Promise<void>, onError: (error: unknown) => void) {
    this.#run = run;
    this.#onError = onError;
  }

  arm(): void {
    if (this.#current !== undefined) return;
    const abort = new AbortController();
    this.#current = abort;
    this.#ended = this.#ended.then(async () => {
      if (abort.signal.aborted) return;
      try {
        await this.#run(abort.signal);
      } catch (error) {
        if (!abort.signal.aborted) this.#onError(error);
      }
    });
  }

  async disarm(): Promise<void> {
    this.#current?.abort();
    this.#current = undefined;
    await this.#ended;
  }
}

/** What happens after a crash: another attempt, or quarantine. */
export type CrashVerdict =
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'quarantine'; readonly crashes: number };

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5 * 60_000;
const QUARANTINE_CRASHES = 5;
const QUARANTINE_WINDOW_MS = 5 * 60_000;
const QUIET_MS = 10 * 60_000;
/** A delay is shortened by up to this share, so that plugins that fell together do not rise together. */
const JITTER = 0.2;

/**
 * Counts one plugin's crashes: 250 ms doubling to 5 minutes between attempts, quarantine at the fifth crash within 5 minutes,
 * all forgotten after 10 quiet minutes.
 */
export class CrashPolicy {
  readonly #random: () => number;
  #times: number[] = [];
  #attempts = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Records a crash at `now` (milliseconds). */
  crashed(now: number): CrashVerdict {
    const last = this.#times.at(-1);
    if (last !== undefined && now - last >= QUIET_MS) this.reset();
    this.#times.push(now);
    this.#attempts++;
    const recent = this.#times.filter((time) => now - time < QUARANTINE_WINDOW_MS);
    this.#times = recent;
    if (recent.length >= QUARANTINE_CRASHES) return { kind: 'quarantine', crashes: recent.length };
    const full = Math.min(FIRST_DELAY_MS * 2 ** (this.#attempts - 1), LONGEST_DELAY_MS);
    return { kind: 'retry', delayMs: Math.round(full * (1 - JITTER * this.#random())) };
  }

  /** Crashes within the last 5 minutes, as of the last one. */
  get crashes(): number {
    return this.#times.length;
  }

  reset(): void {
    this.#times = [];
    this.#attempts = 0;
  }
}

import type { Clock, ClockTimer } from '@backplane/base';
import type { BuildContext, BuildResult } from 'esbuild';

export type Built = BuildResult<{ write: false; metafile: true }>;
export type Context = BuildContext<{ write: false; metafile: true }>;

/** At most this many entries stay parsed. */
const KEPT = 32;
/** Milliseconds. An open context keeps the process alive; so it is closed soon after the author has stopped saving. */
const IDLE_MS = 10_000;

/**
 * What the compiler has parsed for the entries that were compiled last. Nothing is thrown away while it is used. One entry is rebuilt by one
 * caller at a time.
 */
export class BuildContexts {
  readonly #clock: Clock;
  /** Least recently used first. */
  readonly #kept = new Map<string, Context>();
  readonly #used = new Set<string>();
  #idle: ClockTimer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#kept.size;
  }

  async rebuild(entry: string, open: () => Promise<Context>): Promise<Built> {
    this.#idle?.cancel();
    this.#used.add(entry);
    try {
      const context = this.#kept.get(entry) ?? (await open());
      this.#kept.delete(entry);
      this.#kept.set(entry, context);
      return await context.rebuild();
    } finally {
      this.#used.delete(entry);
      await this.#shrinkTo(KEPT);
      this.#idle?.cancel();
      this.#idle = this.#clock.after(IDLE_MS, () => void this.#shrinkTo(0));
    }
  }

  async forget(entry: string): Promise<void> {
    const context = this.#kept.get(entry);
    this.#kept.delete(entry);
    await context?.dispose();
  }

  async close(): Promise<void> {
    this.#idle?.cancel();
    await this.#shrinkTo(0);
  }

  async #shrinkTo(size: number): Promise<void> {
    const unused = [...this.#kept.keys()].filter((entry) => !this.#used.has(entry));
    await Promise.all(unused.slice(0, Math.max(0, this.#kept.size - size)).map((entry) => this.forget(entry)));
  }
}

import type { HeldKind } from '@backplane/ports';
import type { Frame, Site } from './site.ts';

/** Where something was made. */
export type Origin = readonly Frame[] | Site;

/** Something that code has made and that lives until somebody ends it. */
export interface Made {
  readonly kind: HeldKind;
  /** What it is, as it is now. */
  label(): string;
  state(): MadeState;
  /** Why it is held, and what to do about it. */
  reason(): string;
}

/** `ending`: somebody has ended it, and it is not gone yet. */
export type MadeState = 'held' | 'ending' | 'gone';

interface Entry {
  readonly made: Made;
  readonly origin: Origin;
}

/** From this many on, what is gone is looked for. */
const SWEEP_AT = 256;

/** What one version has made, without what is gone. */
export class MadeList {
  readonly #entries = new Set<Entry>();
  #sweepAt = SWEEP_AT;

  add(made: Made, origin: Origin): void {
    this.#entries.add({ made, origin });
    if (this.#entries.size >= this.#sweepAt) this.#sweep();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Oldest first. */
  left(): readonly Entry[] {
    this.#sweep();
    return [...this.#entries];
  }

  get isEnding(): boolean {
    for (const { made } of this.#entries) if (made.state() === 'ending') return true;
    return false;
  }

  #sweep(): void {
    for (const entry of this.#entries) if (entry.made.state() === 'gone') this.#entries.delete(entry);
    this.#sweepAt = Math.max(SWEEP_AT, 2 * this.#entries.size);
  }
}

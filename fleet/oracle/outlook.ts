/** What a plugin does in one stretch of its life. */
export type Duty =
  | {
      readonly kind: 'serves';
      readonly version: string;
      readonly major: number;
      readonly build: number;
      readonly factor: number;
      readonly greeting: string;
      readonly level: 'inline' | 'process';
      /** Its process was told to die: requests that are in it may break off. */
      readonly dying?: boolean;
    }
  /** Refused with 503 and the reason. */
  | { readonly kind: 'down' }
  /** Nobody knows the name: 404. */
  | { readonly kind: 'absent' };

export interface Epoch {
  readonly number: number;
  duty: Duty;
  /** Learnt from its first answer; every later answer must come from the same. */
  instance?: number;
  pid?: number;
}

/** A request that is under way, and what may answer it. */
export interface Passage {
  /** In the order in which they come about. */
  readonly possible: readonly Epoch[];
  /** The answer came from this one: whoever asks from now on gets nothing older. */
  answeredBy(epoch: Epoch): void;
}

/**
 * Knows which versions of one plugin may answer at a moment. A change announces what comes before it is asked for, and settles what is there
 * once it has been acknowledged; between the two either may answer, but never an older one after a newer one.
 */
export class Outlook {
  readonly #epochs: Epoch[];
  /** Place of the oldest that may answer a request which begins now. */
  #oldest = 0;
  #made = 0;

  constructor(duty: Duty = { kind: 'absent' }) {
    this.#epochs = [this.#epoch(duty)];
  }

  /** What is there, when no change is under way. */
  get duty(): Duty {
    return this.#last.duty;
  }

  /** The newest stretch, which may still be announced only. */
  get latest(): Epoch {
    return this.#last;
  }

  /** Stretches that are to come, in this order, through a change that is about to be asked for. */
  announce(...duties: readonly Duty[]): void {
    for (const duty of duties) this.#epochs.push(this.#epoch(duty));
  }

  /** The change has been acknowledged: the last that was announced is there. */
  settle(): void {
    this.#oldest = this.#epochs.length - 1;
  }

  /** The process of what serves now is about to be killed. */
  markDying(): void {
    const { duty } = this.#last;
    if (duty.kind === 'serves') this.#last.duty = { ...duty, dying: true };
  }

  /** A request begins. */
  embark(): Passage {
    const from = this.#oldest;
    const epochs = this.#epochs;
    return {
      get possible() {
        return epochs.slice(from);
      },
      answeredBy: (epoch) => {
        this.#oldest = Math.max(this.#oldest, epochs.indexOf(epoch));
      },
    };
  }

  /** How many newer stretches have been announced since a request began there. */
  stretchesAfter(epoch: Epoch): number {
    return this.#last.number - epoch.number;
  }

  get #last(): Epoch {
    return this.#epochs.at(-1) as Epoch;
  }

  #epoch(duty: Duty): Epoch {
    return { number: this.#made++, duty };
  }
}

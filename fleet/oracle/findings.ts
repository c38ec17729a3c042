/** Something that must not happen, with all that is needed to see it again. */
export interface Finding {
  /** Milliseconds since the beginning. */
  readonly at: number;
  /** Operations that had been begun. */
  readonly step: number;
  /** The operation that was under way, if one was. */
  readonly operation: string | undefined;
  /** What was asked or looked at. */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
}

const MOST = 10;
const LONGEST = 1500;

/** Gathers what must not happen. After the tenth, the fleet has seen enough. */
export class Findings {
  readonly list: Finding[] = [];
  readonly #began = performance.now();
  readonly #full = Promise.withResolvers<void>();
  step = 0;
  operation: string | undefined;

  add(where: string, expected: string, got: string): void {
    if (this.list.length >= MOST) return;
    this.list.push({
      at: Math.round(performance.now() - this.#began),
      step: this.step,
      operation: this.operation,
      where,
      expected: expected.slice(0, LONGEST),
      got: got.slice(0, LONGEST),
    });
    if (this.list.length >= MOST) this.#full.resolve();
  }

  /** Adds a finding unless the two are equal as JSON. */
  expectEqual(where: string, expected: unknown, got: unknown): void {
    const [wanted, found] = [JSON.stringify(expected) ?? 'undefined', JSON.stringify(got) ?? 'undefined'];
    if (wanted !== found) this.add(where, wanted, found);
  }

  get any(): boolean {
    return this.list.length > 0;
  }

  /** Resolves when there are as many as anybody reads. */
  get enough(): Promise<void> {
    return this.#full.promise;
  }
}

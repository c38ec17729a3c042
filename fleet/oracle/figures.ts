import type { Answer } from '../traffic/client.ts';

/** Counts what happened, for the report. */
export class Figures {
  readonly operations = new Map<string, number>();
  /** Milliseconds of all operations together. */
  operationsMs = 0;
  readonly visits = new Map<string, number>();
  readonly others = new Map<string, number>();
  /** Milliseconds of each answer. */
  readonly #answers: number[] = [];

  operation(kind: string, tookMs: number): void {
    add(this.operations, kind);
    this.operationsMs += tookMs;
  }

  answered(kind: string, { tookMs }: Answer): void {
    add(this.visits, kind);
    this.#answers.push(tookMs);
  }

  /** Milliseconds: half of all answers took less, 99 of 100 did, all did. */
  get latency(): { readonly p50: number; readonly p99: number; readonly slowest: number } {
    const sorted = this.#answers.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    return { p50: at(0.5), p99: at(0.99), slowest: at(1) };
  }

  count(what: string, times = 1): void {
    add(this.others, what, times);
  }

  get requests(): number {
    return [...this.visits.values()].reduce((sum, count) => sum + count, 0);
  }
}

function add(counts: Map<string, number>, key: string, times = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + times);
}

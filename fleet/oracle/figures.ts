import type { Answer } from '../traffic/client.ts';

/** Counts what happened, for the report. */
export class Figures {
  readonly operations = new Map<string, number>();
  /** Milliseconds of all operations together. */
  operationsMs = 0;
  readonly visits = new Map<string, number>();
  readonly others = new Map<string, number>();
  /** Milliseconds of the slowest answer. */
  slowestMs = 0;

  operation(kind: string, tookMs: number): void {
    add(this.operations, kind);
    this.operationsMs += tookMs;
  }

  answered(kind: string, { tookMs }: Answer): void {
    add(this.visits, kind);
    this.slowestMs = Math.max(this.slowestMs, tookMs);
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

import { type CallComparison, compareCalls } from './compare-calls.ts';
import { compareServers, type ServerComparison } from './compare-servers.ts';
import { machine, type PromiseCheck, type Report, type Row } from './report.ts';

/** What a file `bench/NAME.bench.ts` exports as its default. */
export interface Benchmark {
  readonly name: string;
  readonly description: string;
  run(harness: Harness): Promise<Report>;
}

/** A promise of the design, and what it is held against. */
export interface PromiseSpec {
  readonly text: string;
  readonly limit: number;
  readonly measured: number;
  /** `at most` unless told. */
  readonly direction?: 'at most' | 'at least';
}

/** What a benchmark measures with. It gathers what it has measured into one report. */
export class Harness {
  readonly #name: string;
  readonly #rows: Row[] = [];
  readonly #promises: PromiseCheck[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  /** Functions of this process, side by side. */
  async compareCalls(comparison: CallComparison): Promise<readonly Row[]> {
    return this.add(await compareCalls(comparison));
  }

  /** Servers in processes of their own, side by side. */
  async compareServers(comparison: ServerComparison): Promise<readonly Row[]> {
    return this.add(await compareServers(comparison));
  }

  /** Takes rows that were measured in another way. */
  add(rows: readonly Row[]): readonly Row[] {
    this.#rows.push(...rows);
    return rows;
  }

  /** The ratio of a variant among the rows of one comparison. */
  ratio(rows: readonly Row[], variant: string): number {
    const row = rows.find((candidate) => candidate.variant === variant);
    if (row === undefined) throw new Error(`There is no variant "${variant}".`);
    return row.ratio.median;
  }

  /** Holds a measurement against a promise; a broken one fails the run, after everything has been printed. */
  promise({ text, limit, measured, direction = 'at most' }: PromiseSpec): void {
    const ok = direction === 'at most' ? measured <= limit : measured >= limit;
    this.#promises.push({ text, limit, measured, ok });
  }

  report(): Report {
    return { name: this.#name, machine: machine(), rows: this.#rows, promises: this.#promises };
  }
}

/** Types the default export of a benchmark. */
export const defineBenchmark = (benchmark: Benchmark): Benchmark => benchmark;

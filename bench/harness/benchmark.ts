import { median, ratios } from './statistics.ts';

/** One thing that was measured, a value for each round. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
}

/** What is promised of a figure, and whether it was held in this run. */
export interface Verdict {
  readonly promise: string;
  readonly measured: number;
  readonly relation: 'at most' | 'at least';
  readonly limit: number;
  readonly unit: string;
  readonly held: boolean;
  /** The rounds that `measured` is the median of, where there were rounds. */
  readonly values: readonly number[];
}

export interface BenchmarkResult {
  readonly figures: readonly Figure[];
  readonly verdicts: readonly Verdict[];
  /** What the reader has to know to read the figures. */
  readonly notes: readonly string[];
}

/** What a file `bench/NAME.bench.ts` exports as `default`. */
export interface Benchmark {
  /** One line: what is compared with what. */
  readonly title: string;
  run(): Promise<BenchmarkResult>;
}

/** Joins what parts of one benchmark have found. */
export function joinResults(results: readonly BenchmarkResult[]): BenchmarkResult {
  return {
    figures: results.flatMap(({ figures }) => figures),
    verdicts: results.flatMap(({ verdicts }) => verdicts),
    notes: results.flatMap(({ notes }) => notes),
  };
}

/** Holds one number, or the median of its rounds, to its promise. */
export function verdict(
  promise: string,
  measured: number | readonly number[],
  relation: Verdict['relation'],
  limit: number,
  unit = 'x',
): Verdict {
  const values = typeof measured === 'number' ? [] : measured;
  const value = typeof measured === 'number' ? measured : median(measured);
  return {
    promise,
    measured: value,
    relation,
    limit,
    unit,
    values,
    held: relation === 'at most' ? value <= limit : value >= limit,
  };
}

/** Holds the ratio of two figures of one run to its promise. */
export function ratioVerdict(
  promise: string,
  ours: Figure,
  peer: Figure,
  relation: Verdict['relation'],
  limit: number,
): Verdict {
  return verdict(promise, ratios(ours.values, peer.values), relation, limit);
}

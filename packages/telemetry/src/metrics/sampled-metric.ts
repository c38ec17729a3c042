import type { MetricFamily } from './metric-family.ts';

/** One number with its labels. */
export interface Sample {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
  /** Of a histogram: how many values were not above each bound; `value` is their sum, and `count` their number. */
  readonly histogram?: { readonly count: number; readonly buckets: readonly (readonly [le: number, count: number])[] };
}

/** A metric at the moment at which somebody looks. */
export interface SampledMetric {
  /** Without `_total`. */
  readonly name: string;
  readonly owner: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The numbers of a family as they are now. */
export function sampleFamily(family: MetricFamily): SampledMetric {
  const { name, owner, definition } = family;
  const samples: Sample[] = [];
  for (const series of family.all()) {
    const labels = definition.labels.map((label, index) => [label, series.labels[index] as string] as const);
    if (series.counts === undefined) samples.push({ labels, value: series.value });
    else {
      let count = 0;
      const buckets = [...series.counts].map((here, index) => {
        count += here;
        return [definition.buckets[index] ?? Number.POSITIVE_INFINITY, count] as const;
      });
      samples.push({ labels, value: series.value, histogram: { count, buckets } });
    }
  }
  return { name, owner, type: definition.type, help: definition.help, samples };
}

import type { Counter, Gauge, Histogram, LabelValues } from '@backplane/plugin-api';
import { errors } from '../errors.ts';
import type { MetricFamily } from './metric-family.ts';

/** The numbers behind one combination of labels. */
export interface Series {
  readonly labels: readonly string[];
  value: number;
  /** Of a histogram: how many values fell into each bucket, the last without a bound. `value` is their sum then. */
  readonly counts: Float64Array | undefined;
}

const refuse = (family: MetricFamily, problem: string) => errors.BP_METRIC_VALUE({ metric: family.name, problem });

/** A counter over a family, or over one series of it. */
export class CounterSeries implements Counter {
  readonly #family: MetricFamily;
  readonly #series: Series | undefined;

  constructor(family: MetricFamily, series?: Series) {
    this.#family = family;
    this.#series = series ?? family.unlabelled();
  }

  inc(by = 1, labels?: LabelValues): void {
    const series = labels === undefined && this.#series !== undefined ? this.#series : this.#family.series(labels);
    if (!(by >= 0)) throw refuse(this.#family, `a counter only rises, and ${by} was to be added`);
    series.value += by;
  }

  labels(values: LabelValues): Counter {
    return new CounterSeries(this.#family, this.#family.series(values));
  }
}

/** A gauge over a family, or over one series of it. */
export class GaugeSeries implements Gauge {
  readonly #family: MetricFamily;
  readonly #series: Series | undefined;

  constructor(family: MetricFamily, series?: Series) {
    this.#family = family;
    this.#series = series ?? family.unlabelled();
  }

  set(value: number, labels?: LabelValues): void {
    if (typeof value !== 'number') throw refuse(this.#family, `${String(value)} is no number`);
    this.#of(labels).value = value;
  }

  inc(by = 1, labels?: LabelValues): void {
    const series = this.#of(labels);
    this.set(series.value + by, labels);
  }

  dec(by = 1, labels?: LabelValues): void {
    this.inc(-by, labels);
  }

  labels(values: LabelValues): Gauge {
    return new GaugeSeries(this.#family, this.#family.series(values));
  }

  #of(labels: LabelValues | undefined): Series {
    return labels === undefined && this.#series !== undefined ? this.#series : this.#family.series(labels);
  }
}

/** A histogram over a family, or over one series of it. */
export class HistogramSeries implements Histogram {
  readonly #family: MetricFamily;
  readonly #series: Series | undefined;

  constructor(family: MetricFamily, series?: Series) {
    this.#family = family;
    this.#series = series ?? family.unlabelled();
  }

  observe(value: number, labels?: LabelValues): void {
    const series = labels === undefined && this.#series !== undefined ? this.#series : this.#family.series(labels);
    if (typeof value !== 'number' || Number.isNaN(value)) throw refuse(this.#family, `${String(value)} is no number`);
    const { buckets } = this.#family.definition;
    let index = 0;
    while (index < buckets.length && value > (buckets[index] as number)) index++;
    const counts = series.counts as Float64Array;
    counts[index] = (counts[index] as number) + 1;
    series.value += value;
  }

  labels(values: LabelValues): Histogram {
    return new HistogramSeries(this.#family, this.#family.series(values));
  }
}

import type { LabelValues } from '@backplane/plugin-api';
import { errors } from '../errors.ts';
import type { Series } from './series.ts';

export type MetricType = 'counter' | 'gauge' | 'histogram';

/** What makes a metric the same metric. */
export interface MetricShape {
  readonly type: MetricType;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds; of a histogram only. */
  readonly buckets: readonly number[];
}

/** Combinations of labels that one metric keeps: more of them would be a leak that looks like data. */
export const MOST_SERIES = 2000;
const SEPARATOR = '\u0000';
/** Stands for the labels of all that came too late. */
const OVERFLOW = 'other';

/** One metric of one owner, with all its series. */
export class MetricFamily {
  /** Without `_total`. */
  readonly name: string;
  readonly owner: string;
  readonly definition: MetricShape;
  readonly #series = new Map<string, Series>();
  readonly #overflowed: (family: MetricFamily) => void;

  constructor(name: string, owner: string, definition: MetricShape, overflowed: (family: MetricFamily) => void) {
    this.name = name;
    this.owner = owner;
    this.definition = definition;
    this.#overflowed = overflowed;
  }

  /** The one series of a metric without labels; `undefined` for a metric that has some. */
  unlabelled(): Series | undefined {
    return this.definition.labels.length === 0 ? this.series(undefined) : undefined;
  }

  /** The series of these labels, made when it is not there. @throws BP_METRIC_LABELS */
  series(values: LabelValues | undefined): Series {
    const { labels } = this.definition;
    const texts: string[] = [];
    for (const label of labels) {
      const value = values?.[label];
      if (value === undefined) throw this.#wrongLabels(values);
      texts.push(String(value));
    }
    if (values !== undefined && Object.keys(values).length > labels.length) throw this.#wrongLabels(values);
    const key = texts.join(SEPARATOR);
    return this.#series.get(key) ?? this.#make(key, texts);
  }

  /** In the order in which they came. */
  all(): Iterable<Series> {
    return this.#series.values();
  }

  #make(key: string, texts: readonly string[]): Series {
    if (this.#series.size >= MOST_SERIES && !texts.every((text) => text === OVERFLOW)) {
      this.#overflowed(this);
      const others = texts.map(() => OVERFLOW);
      const otherKey = others.join(SEPARATOR);
      return this.#series.get(otherKey) ?? this.#make(otherKey, others);
    }
    const { type, buckets } = this.definition;
    const counts = type === 'histogram' ? new Float64Array(buckets.length + 1) : undefined;
    const series: Series = { labels: texts, value: 0, counts };
    this.#series.set(key, series);
    return series;
  }

  #wrongLabels(values: LabelValues | undefined) {
    const { name: metric, definition } = this;
    return errors.BP_METRIC_LABELS({ metric, declared: definition.labels, given: Object.keys(values ?? {}) });
  }
}

/** True where two definitions are of one metric. */
export const sameShape = (a: MetricShape, b: MetricShape): boolean =>
  a.type === b.type && a.labels.join() === b.labels.join() && a.buckets.join() === b.buckets.join();

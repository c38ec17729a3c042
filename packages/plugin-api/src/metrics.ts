import type { Effect } from './scope.ts';

/** Values of a metric's labels, by name. Every label that the metric declares has one; numbers and booleans are written as text. */
export type LabelValues = Readonly<Record<string, string | number | boolean>>;

export interface MetricOptions {
  /** One line for people, as Prometheus shows it. */
  readonly help?: string;
  /** Names of its labels: `^[a-zA-Z_][a-zA-Z0-9_]*$`, not beginning with `__`. */
  readonly labels?: readonly string[];
}

export interface HistogramOptions extends MetricOptions {
  /** Upper bounds, rising. Default 5 ms to 10 s, in seconds. */
  readonly buckets?: readonly number[];
}

/** A number that only rises. */
export interface Counter {
  /** Adds 1, or what is given. @throws BP_METRIC_VALUE for less than nothing; BP_METRIC_LABELS */
  inc(by?: number, labels?: LabelValues): void;
  /** The series of these labels, found once: what is counted often is counted through this. */
  labels(values: LabelValues): Counter;
}

/** A number that comes and goes. */
export interface Gauge {
  set(value: number, labels?: LabelValues): void;
  inc(by?: number, labels?: LabelValues): void;
  dec(by?: number, labels?: LabelValues): void;
  labels(values: LabelValues): Gauge;
}

/** How often values fell into which bucket. Durations are in seconds. */
export interface Histogram {
  observe(value: number, labels?: LabelValues): void;
  labels(values: LabelValues): Histogram;
}

/** What `collect` gives: values by name, each perhaps with labels. */
export type CollectedValue = number | readonly { readonly labels: LabelValues; readonly value: number }[];
export type CollectedMetrics = Readonly<Record<string, CollectedValue>>;

/** A metric that is collected. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge';
  readonly description?: string;
}
export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;

/**
 * Numbers about the plugin, as `/metrics` shows them in Prometheus' format. A name gets the plugin's `metricsPrefix` (its own name unless told)
 * in front. Series go on when the plugin is replaced, and end when it is removed. Asking twice for a name gives the same metric.
 * @throws BP_METRIC_NAME, BP_METRIC_TAKEN when another plugin has the name, BP_METRIC_REDEFINED when this version has given it another form
 */
export interface MetricService {
  /** Shown with `_total` at its end. */
  counter(name: string, options?: MetricOptions): Counter;
  gauge(name: string, options?: MetricOptions): Gauge;
  histogram(name: string, options?: HistogramOptions): Histogram;
  /** Asks `collect` whenever somebody looks, at most 5 s long. What has no definition is a gauge. */
  collect(definitions: MetricDefinitions, collect: () => CollectedMetrics | Promise<CollectedMetrics>): Effect;
}

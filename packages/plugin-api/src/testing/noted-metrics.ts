import type { Counter, Histogram, LabelValues, MetricOptions, MetricService } from '../metrics.ts';

/** Metrics that note what is declared and counted. */
export class NotedMetrics implements Pick<MetricService, 'counter' | 'histogram'> {
  readonly declared: string[] = [];
  readonly noted: string[] = [];

  counter(name: string, options: MetricOptions = {}): Counter {
    this.declared.push(`${name}(${options.labels?.join()})`);
    return this.#metric(name, {}) as Counter;
  }
  histogram(name: string, options: MetricOptions = {}): Histogram {
    this.declared.push(`${name}(${options.labels?.join()})`);
    return this.#metric(name, {}) as Histogram;
  }

  #metric(name: string, bound: LabelValues): Partial<Counter & Histogram> {
    const note = (labels: LabelValues = {}) => {
      this.noted.push(`${name} ${JSON.stringify({ ...bound, ...labels })}`);
    };
    return {
      inc: (_by, labels) => note(labels),
      observe: (_value, labels) => note(labels),
      labels: (values: LabelValues) => this.#metric(name, values) as Counter & Histogram,
    };
  }
}

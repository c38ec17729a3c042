import type { SampledMetric } from './sampled-metric.ts';
import { shownNames } from './shown-names.ts';

/** Metrics that can stand on one page: none takes a name that another has. */
export class MetricPage {
  readonly #metrics: SampledMetric[] = [];
  readonly #taken = new Map<string, SampledMetric>();

  get metrics(): readonly SampledMetric[] {
    return this.#metrics;
  }

  /** Adds a metric, or gives the one that has its name already. */
  add(metric: SampledMetric): SampledMetric | undefined {
    const names = shownNames(metric.name, metric.type);
    for (const name of names) {
      const rival = this.#taken.get(name);
      if (rival !== undefined) return rival;
    }
    this.#metrics.push(metric);
    for (const name of names) this.#taken.set(name, metric);
    return undefined;
  }
}

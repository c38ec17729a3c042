import { type Clock, messageOf, withTimeLimit } from '@backplane/base';
import type { CollectedMetrics, MetricDefinitions } from '@backplane/plugin-api';
import { errors } from '../errors.ts';
import { isLabelName, isMetricName, prefixed } from './metric-name.ts';
import type { Sample, SampledMetric } from './sampled-metric.ts';

/** Milliseconds a plugin may take to collect its metrics. */
export const COLLECT_LIMIT_MS = 5000;

/** What one plugin registered with `collect`. */
export interface Collector {
  readonly owner: string;
  readonly prefix: string;
  readonly definitions: MetricDefinitions;
  collect(): CollectedMetrics | Promise<CollectedMetrics>;
}

/** What one collector gave. */
export interface Collection {
  readonly collector: Collector;
  /** As the plugin gave them; empty where it failed. */
  readonly values: CollectedMetrics;
  readonly metrics: readonly SampledMetric[];
  readonly problems: readonly Error[];
}

/** Asks one collector, within its limit. Never rejects; of what it gives, whatever is not right is a problem, and the rest holds. */
export async function runCollector(collector: Collector, clock: Clock): Promise<Collection> {
  const { owner } = collector;
  let values: CollectedMetrics;
  try {
    const given: unknown = await withTimeLimit(
      clock,
      COLLECT_LIMIT_MS,
      () => collector.collect(),
      () => new Error(`it has not answered after ${COLLECT_LIMIT_MS} ms`),
    );
    if (typeof given !== 'object' || given === null) throw new Error('it gave no map of metrics');
    values = given as CollectedMetrics;
  } catch (cause) {
    const problem = errors.BP_METRICS_NOT_COLLECTED({ plugin: owner, reason: messageOf(cause) }, { cause });
    return { collector, values: {}, metrics: [], problems: [problem] };
  }
  const metrics: SampledMetric[] = [];
  const problems: Error[] = [];
  for (const [name, value] of Object.entries(values)) {
    const full = prefixed(collector.prefix, name);
    const definition = collector.definitions[name];
    const samples = samplesOf(value);
    if (!isMetricName(full)) problems.push(errors.BP_METRIC_NAME({ plugin: owner, name }));
    else if (samples === undefined) {
      const problem = 'it must be a number, or a list of { labels, value }';
      problems.push(errors.BP_METRIC_VALUE({ metric: full, problem }));
    } else {
      const type = definition?.type ?? 'gauge';
      metrics.push({
        name: type === 'counter' ? full.replace(/_total$/, '') : full,
        owner,
        type,
        help: definition?.description ?? '',
        samples,
      });
    }
  }
  return { collector, values, metrics, problems };
}

function samplesOf(value: unknown): Sample[] | undefined {
  if (typeof value === 'number') return [{ labels: [], value }];
  if (!Array.isArray(value)) return undefined;
  const samples: Sample[] = [];
  for (const item of value as { labels?: object; value?: unknown }[]) {
    if (typeof item?.value !== 'number') return undefined;
    const labels = Object.entries(item.labels ?? {}).map(([name, text]) => [name, String(text)] as const);
    if (!labels.every(([name]) => isLabelName(name))) return undefined;
    samples.push({ labels, value: item.value });
  }
  return samples;
}

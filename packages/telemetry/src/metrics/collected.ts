import { type Clock, messageOf, withTimeLimit } from '@backplane/base';
import type { CollectedMetrics, MetricDefinitions } from '@backplane/plugin-api';
import { errors } from '../errors.ts';
import { isLabelName, isMetricName, prefixed } from './metric-name.ts';
import type { Sample, SampledMetric } from './sampled-metric.ts';

/** Milliseconds a plugin may take to collect its metrics. */
export const COLLECT_LIMIT_MS = 5000;

/** Samples that one collected metric may have. */
export const MOST_SAMPLES = 10_000;

/** What one plugin registered with `collect`. */
export class Collector {
  readonly owner: string;
  readonly prefix: string;
  readonly definitions: MetricDefinitions;
  readonly #collect: () => CollectedMetrics | Promise<CollectedMetrics>;
  #underWay: Promise<CollectedMetrics> | undefined;

  constructor(
    owner: string,
    prefix: string,
    definitions: MetricDefinitions,
    collect: () => CollectedMetrics | Promise<CollectedMetrics>,
  ) {
    this.owner = owner;
    this.prefix = prefix;
    this.definitions = definitions;
    this.#collect = collect;
  }

  /** Asks once at a time, whoever wants to know: one that hangs does not pile up. */
  collect(): Promise<CollectedMetrics> {
    this.#underWay ??= Promise.try(this.#collect).finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }
}

/** What one collector gave. */
export interface Collection {
  readonly collector: Collector;
  /** As the plugin gave them, without what is not right. */
  readonly values: CollectedMetrics;
  readonly metrics: readonly SampledMetric[];
  readonly problems: readonly Error[];
}

/** Asks one collector, within its limit. Never rejects; of what it gives, whatever is not right is a problem, and the rest holds. */
export async function runCollector(collector: Collector, clock: Clock): Promise<Collection> {
  const { owner } = collector;
  let entries: [string, unknown][];
  try {
    const given: unknown = await withTimeLimit(
      clock,
      COLLECT_LIMIT_MS,
      () => collector.collect(),
      () => new Error(`it has not answered after ${COLLECT_LIMIT_MS} ms`),
    );
    if (typeof given !== 'object' || given === null) throw new Error('it gave no map of metrics');
    entries = Object.entries(given);
  } catch (cause) {
    const problem = errors.BP_METRICS_NOT_COLLECTED({ plugin: owner, reason: messageOf(cause) }, { cause });
    return { collector, values: {}, metrics: [], problems: [problem] };
  }
  const values: Record<string, CollectedMetrics[string]> = {};
  const metrics: SampledMetric[] = [];
  const problems: Error[] = [];
  for (const [name, value] of entries) {
    const full = prefixed(collector.prefix, name);
    const definition = Object.hasOwn(collector.definitions, name) ? collector.definitions[name] : undefined;
    const samples = readableSamples(value);
    if (!isMetricName(full)) problems.push(errors.BP_METRIC_NAME({ plugin: owner, name }));
    else if (typeof samples === 'string') problems.push(errors.BP_METRIC_VALUE({ metric: full, problem: samples }));
    else {
      const type = definition?.type ?? 'gauge';
      values[name] = value as CollectedMetrics[string];
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

/** The samples, or what is wrong with them, whatever getters an author's objects have. */
function readableSamples(value: unknown): Sample[] | string {
  try {
    return samplesOf(value);
  } catch (thrown) {
    return `it cannot be read: ${messageOf(thrown)}`;
  }
}

/** The samples, or what is wrong with them. */
function samplesOf(value: unknown): Sample[] | string {
  if (typeof value === 'number') return [{ labels: [], value }];
  if (!Array.isArray(value)) return SHAPE;
  if (value.length > MOST_SAMPLES) return `it has ${value.length} samples, and may have ${MOST_SAMPLES}`;
  // One combination of labels comes once, or Prometheus would refuse the whole page.
  const samples = new Map<string, Sample>();
  for (const item of value as { labels?: object; value?: unknown }[]) {
    if (typeof item?.value !== 'number') return SHAPE;
    const labels = Object.entries(item.labels ?? {}).map(([name, text]) => [name, String(text)] as const);
    const wrong = labels.find(([name]) => !isLabelName(name));
    if (wrong !== undefined) return `it has the label ${JSON.stringify(wrong[0].slice(0, 100))}`;
    const key = JSON.stringify(labels.toSorted(([a], [b]) => (a < b ? -1 : 1)));
    if (samples.has(key)) return `it has the labels ${key.slice(0, 200)} twice`;
    samples.set(key, { labels, value: item.value });
  }
  return [...samples.values()];
}

const SHAPE = 'it must be a number, or a list of { labels, value }';

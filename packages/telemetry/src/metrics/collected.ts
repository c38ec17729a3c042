import { type Clock, messageOf, withTimeLimit } from '@backplane/base';
import type { CollectedMetrics, CollectedValue, MetricDefinitions } from '@backplane/plugin-api';
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
  /** What of it is numbers, by the plugin's own names: fit for JSON. */
  readonly values: CollectedMetrics;
  readonly metrics: readonly SampledMetric[];
  readonly problems: readonly Error[];
}

/** Asks one collector, within its limit. Never rejects, whatever the plugin gives; what is not right is a problem, and the rest holds. */
export async function runCollector(collector: Collector, clock: Clock): Promise<Collection> {
  const { owner } = collector;
  let given: CollectedMetrics;
  let names: readonly string[];
  try {
    const answer: unknown = await withTimeLimit(
      clock,
      COLLECT_LIMIT_MS,
      () => collector.collect(),
      () => new Error(`it has not answered after ${COLLECT_LIMIT_MS} ms`),
    );
    if (typeof answer !== 'object' || answer === null) throw new Error('it gave no map of metrics');
    given = answer as CollectedMetrics;
    names = Object.keys(given);
  } catch (cause) {
    const problem = errors.BP_METRICS_NOT_COLLECTED({ plugin: owner, reason: messageOf(cause) }, { cause });
    return { collector, values: {}, metrics: [], problems: [problem] };
  }
  const values: [string, CollectedValue][] = [];
  const metrics: SampledMetric[] = [];
  const problems: Error[] = [];
  for (const name of names) {
    const full = prefixed(collector.prefix, name);
    const read = readMetric(collector, full, given, name);
    if (!('problem' in read)) values.push([name, read.value]);
    if (!isMetricName(full)) problems.push(errors.BP_METRIC_NAME({ plugin: owner, name }));
    else if ('problem' in read) problems.push(errors.BP_METRIC_VALUE({ metric: full, problem: read.problem }));
    else metrics.push(read.metric);
  }
  return { collector, values: Object.fromEntries(values), metrics, problems };
}

function metricOf({ owner, definitions }: Collector, name: string, full: string, samples: Sample[]): SampledMetric {
  const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  const type = definition?.type ?? 'gauge';
  const plain = type === 'counter' ? full.replace(/_total$/, '') : full;
  return { name: plain, owner, type, help: definition?.description ?? '', samples };
}

type Read = { readonly value: CollectedValue; readonly metric: SampledMetric } | { readonly problem: string };

/** One metric, copied out of what the plugin gave, or what is wrong with it: a getter of the plugin's may throw. */
function readMetric(collector: Collector, full: string, given: CollectedMetrics, name: string): Read {
  try {
    const value: unknown = given[name];
    const samples = samplesOf(value);
    if (typeof samples === 'string') return { problem: samples };
    const metric = metricOf(collector, name, full, samples);
    if (typeof value === 'number') return { value, metric };
    return { value: samples.map(({ labels, value }) => ({ labels: Object.fromEntries(labels), value })), metric };
  } catch (thrown) {
    return { problem: `it cannot be read: ${messageOf(thrown)}` };
  }
}

/** The samples, or what is wrong with them. */
function samplesOf(value: unknown): Sample[] | string {
  if (Number.isFinite(value)) return [{ labels: [], value: value as number }];
  if (!Array.isArray(value)) return SHAPE;
  if (value.length > MOST_SAMPLES) return `it has ${value.length} samples, and may have ${MOST_SAMPLES}`;
  // One combination of labels comes once, or Prometheus would refuse the whole page.
  const samples = new Map<string, Sample>();
  for (const item of value as { labels?: object; value?: unknown }[]) {
    const measured = item?.value;
    if (typeof measured !== 'number' || !Number.isFinite(measured)) return SHAPE;
    const labels = Object.entries(item.labels ?? {}).map(([name, text]) => [name, String(text)] as const);
    const wrong = labels.find(([name]) => !isLabelName(name));
    if (wrong !== undefined) return `it has the label ${JSON.stringify(wrong[0].slice(0, 100))}`;
    const key = JSON.stringify(labels.toSorted(([a], [b]) => (a < b ? -1 : 1)));
    if (samples.has(key)) return `it has the labels ${key.slice(0, 200)} twice`;
    samples.set(key, { labels, value: measured });
  }
  return [...samples.values()];
}

const SHAPE = 'it must be a finite number, or a list of { labels, value }';

import { type Clock, systemClock } from '@backplane/base';
import type { MetricService, Scope } from '@backplane/plugin-api';
import { errors } from '../errors.ts';
import { type Collection, Collector, runCollector } from './collected.ts';
import { MetricFamily, type MetricShape, type MetricType, sameShape } from './metric-family.ts';
import { isLabelName, isMetricName, prefixed } from './metric-name.ts';
import { MetricPage } from './metric-page.ts';
import { MEDIA_TYPES, type MetricFormat, renderMetrics } from './render.ts';
import { sampleFamily } from './sampled-metric.ts';
import { CounterSeries, GaugeSeries, HistogramSeries } from './series.ts';
import { possibleRivals, shareName } from './shown-names.ts';

/** Seconds, from 5 ms to 10 s. */
export const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const MOST_WARNINGS = 1000;

/** The owner of what is about the host itself. */
export const HOST = '';

/** Who owns metrics. */
export interface MetricOwner {
  readonly name: string;
  /** Begins each name. */
  readonly prefix: string;
  readonly scope: Pick<Scope, 'add'>;
}

export interface MetricRegistryOptions {
  readonly clock?: Clock;
  /** Whether a plugin may still come back: what belongs to others is forgotten once they have let go of it. */
  isKnown(owner: string): boolean;
  /** Told of each metric that has too many series, and of each collection that failed: once in the same words. */
  warn(owner: string, error: Error): void;
}

/** A family, and how many versions of its owner hold it. */
interface Held {
  readonly family: MetricFamily;
  holders: number;
}

/** All metrics of a host: those of plugins by name, those of the host itself, and what is collected. */
export class MetricRegistry {
  readonly #options: MetricRegistryOptions;
  readonly #clock: Clock;
  /** By name; two forms of one metric stand beside each other while its owner is being replaced, the newest last. */
  readonly #families = new Map<string, Held[]>();
  readonly #collectors = new Set<Collector>();
  readonly #warned = new Set<string>();

  constructor(options: MetricRegistryOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** What one version of a plugin sees. Its series are those of the version before, where they have the same form. */
  facet(owner: MetricOwner): MetricService {
    /** What this version has declared. */
    const mine = new Map<string, MetricFamily>();
    const family = (name: string, type: MetricType, options: Partial<MetricShape>): MetricFamily => {
      const shape: MetricShape = { type, help: '', labels: [], buckets: [], ...options };
      const full = this.#nameOf(owner, name, shape);
      const known = mine.get(full);
      if (known !== undefined) {
        if (sameShape(known.definition, shape)) return known;
        throw errors.BP_METRIC_REDEFINED({ plugin: owner.name, metric: full });
      }
      if (possibleRivals(full, type).some((name) => isRival(mine.get(name), full, type)))
        throw errors.BP_METRIC_REDEFINED({ plugin: owner.name, metric: full });
      const made = this.#hold(full, owner.name, shape);
      mine.set(full, made);
      owner.scope.add(`metric ${full}`, () => this.#release(made));
      return made;
    };
    return {
      counter: (name, options = {}) => new CounterSeries(family(name, 'counter', options)),
      gauge: (name, options = {}) => new GaugeSeries(family(name, 'gauge', options)),
      histogram: (name, options = {}) =>
        new HistogramSeries(family(name, 'histogram', { ...options, buckets: options.buckets ?? DEFAULT_BUCKETS })),
      collect: (definitions, collect) => {
        const collector = new Collector(owner.name, owner.prefix, definitions, collect);
        const effect = owner.scope.add('metrics collected', () => {
          this.#collectors.delete(collector);
        });
        this.#collectors.add(collector);
        return effect;
      },
    };
  }

  /** Names of those who collect. */
  collecting(): string[] {
    return [...new Set([...this.#collectors].map(({ owner }) => owner))].filter((owner) => owner !== HOST);
  }

  /** Everything there is, in one of the formats. What could not be collected is told to `warn` and left out. */
  async render(format: MetricFormat): Promise<{ readonly body: string; readonly mediaType: string }> {
    this.#forgetStrangers();
    const page = new MetricPage();
    // While its owner is being replaced a metric may stand under two names: the newest holds.
    for (const held of [...this.#families.values()].reverse()) {
      const newest = held.at(-1);
      if (newest !== undefined) page.add(sampleFamily(newest.family));
    }
    for (const collection of await this.#collectAll()) {
      for (const metric of collection.metrics) {
        const rival = page.add(metric);
        if (rival === undefined) continue;
        const owners = [rival.owner, metric.owner].map(called);
        this.#warnOnce(errors.BP_METRIC_TAKEN({ metric: metric.name, owners }), metric.owner);
      }
    }
    return { body: renderMetrics(page.metrics, format), mediaType: MEDIA_TYPES[format] };
  }

  /** What each metrics plugin collects: numbers alone, whatever else it gives. */
  async collected(): Promise<Record<string, Record<string, unknown>>> {
    const plugins: Record<string, Record<string, unknown>> = {};
    for (const { collector, values } of await this.#collectAll()) {
      if (collector.owner === HOST) continue;
      plugins[collector.owner] = { ...plugins[collector.owner], ...values };
    }
    return plugins;
  }

  async #collectAll(): Promise<readonly Collection[]> {
    const collections = await Promise.all(
      [...this.#collectors].map((collector) => runCollector(collector, this.#clock)),
    );
    for (const { collector, problems } of collections) {
      for (const problem of problems) this.#warnOnce(problem, collector.owner);
    }
    return collections;
  }

  /** @throws BP_METRIC_NAME, BP_METRIC_LABEL_NAME, BP_METRIC_BUCKETS */
  #nameOf(owner: MetricOwner, name: string, { type, labels, buckets }: MetricShape): string {
    const full = prefixed(owner.prefix, name);
    if (typeof name !== 'string' || name === '' || !isMetricName(full)) {
      throw errors.BP_METRIC_NAME({ plugin: owner.name, name: String(name) });
    }
    const wrong = labels.find((label, index) => !isLabelName(label) || labels.indexOf(label) !== index);
    if (wrong !== undefined) throw errors.BP_METRIC_LABEL_NAME({ metric: full, label: String(wrong) });
    if (
      buckets.some(
        (bound, index) => !Number.isFinite(bound) || bound <= (buckets[index - 1] ?? Number.NEGATIVE_INFINITY),
      )
    ) {
      throw errors.BP_METRIC_BUCKETS({ metric: full });
    }
    return type === 'counter' ? full.replace(/_total$/, '') : full;
  }

  /** @throws BP_METRIC_TAKEN */
  #hold(name: string, owner: string, shape: MetricShape): MetricFamily {
    if (this.#rivalOf(name, owner, shape.type) !== undefined) this.#forgetStrangers();
    const rival = this.#rivalOf(name, owner, shape.type);
    if (rival) throw errors.BP_METRIC_TAKEN({ metric: name, owners: [rival.owner, owner].map(called) });
    const held = this.#families.get(name) ?? [];
    const same = held.find(({ family }) => sameShape(family.definition, shape));
    if (same) {
      same.holders++;
      return same.family;
    }
    const family = new MetricFamily(name, owner, shape, ({ name: metric }) =>
      this.#warnOnce(errors.BP_METRIC_SERIES({ metric }), owner),
    );
    held.push({ family, holders: 1 });
    this.#families.set(name, held);
    return family;
  }

  /** A metric of another owner that takes one of the names that this one would. */
  #rivalOf(name: string, owner: string, type: MetricType): MetricFamily | undefined {
    return possibleRivals(name, type)
      .flatMap((rival) => this.#families.get(rival) ?? [])
      .map(({ family }) => family)
      .find((family) => family.owner !== owner && isRival(family, name, type));
  }

  #release(family: MetricFamily): void {
    const held = this.#families.get(family.name) ?? [];
    const mine = held.find((entry) => entry.family === family);
    if (mine === undefined) return;
    mine.holders--;
    // Another form of the metric goes on; the last form waits, for its owner may come back.
    if (mine.holders === 0 && held.length > 1) held.splice(held.indexOf(mine), 1);
  }

  /** An owner that is away keeps what it had; one that is here has what it asks for. */
  #forgetStrangers(): void {
    const all = [...this.#families.values()].flat();
    const present = new Set(all.filter(({ holders }) => holders > 0).map(({ family }) => family.owner));
    for (const [name, held] of this.#families) {
      const kept = held.filter(
        ({ holders, family: { owner } }) =>
          holders > 0 || (!present.has(owner) && (owner === HOST || this.#options.isKnown(owner))),
      );
      if (kept.length === 0) this.#families.delete(name);
      else if (kept.length < held.length) this.#families.set(name, kept);
    }
  }

  #warnOnce(error: Error, owner: string): void {
    if (this.#warned.has(error.message)) return;
    // Messages of plugins may differ each time: what is remembered is bounded, and then told again.
    if (this.#warned.size >= MOST_WARNINGS) this.#warned.clear();
    this.#warned.add(error.message);
    this.#options.warn(owner, error);
  }
}

const isRival = (family: MetricFamily | undefined, name: string, type: MetricType): boolean =>
  family !== undefined && shareName([name, type], [family.name, family.definition.type]);

const called = (owner: string): string => (owner === HOST ? 'the host' : owner);

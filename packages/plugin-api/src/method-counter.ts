import type { Method } from './method-marks.ts';
import type { Counter, Histogram, LabelValues, MetricService } from './metrics.ts';
import type { TrackedCall, TrackedLabel, TrackOptions } from './track-metrics.ts';

/** The value of a label that cannot be told. */
const UNKNOWN = 'unknown';

type LabelFunction = (call: TrackedCall) => unknown;

/** The metrics of one method of one object, declared when this is made. What does not depend on a call is looked up once. */
export class MethodCounter {
  readonly #calls: Counter | undefined;
  readonly #durations: Histogram | undefined;
  readonly #constants: Readonly<Record<string, string | number | boolean>>;
  readonly #functions: readonly (readonly [label: string, value: LabelFunction])[];

  constructor(metrics: MetricService, { metricName, help, labels = {}, timing, counter, buckets }: TrackOptions) {
    const entries = Object.entries(labels);
    this.#constants = Object.fromEntries(entries.filter(isConstant));
    this.#functions = entries.filter(isFunction);
    const fixed = this.#functions.length === 0;
    const about = help === undefined ? {} : { help };
    if (counter !== false) {
      const names = Object.keys(labels);
      const calls = metrics.counter(metricName, { labels: names, ...about });
      this.#calls = fixed && names.length > 0 ? calls.labels(this.#constants) : calls;
    }
    if (timing === true) {
      const names = Object.keys(withoutStatus(labels));
      const durations = metrics.histogram(`${metricName.replace(/_total$/, '')}_duration_seconds`, {
        labels: names,
        ...about,
        ...(buckets !== undefined && { buckets }),
      });
      this.#durations = fixed && names.length > 0 ? durations.labels(withoutStatus(this.#constants)) : durations;
    }
  }

  /** Calls the method, and counts the call when it has ended: a promise, when it has settled. */
  call(method: Method, owner: unknown, args: unknown[]): unknown {
    const startedAt = performance.now();
    let result: unknown;
    try {
      result = Reflect.apply(method, owner, args);
    } catch (error) {
      this.#count(startedAt, { args, status: 'error', result: undefined, error });
      throw error;
    }
    if (!(result instanceof Promise)) {
      this.#count(startedAt, { args, status: 'success', result, error: undefined });
      return result;
    }
    return result.then(
      (value: unknown) => {
        this.#count(startedAt, { args, status: 'success', result: value, error: undefined });
        return value;
      },
      (error: unknown) => {
        this.#count(startedAt, { args, status: 'error', result: undefined, error });
        throw error;
      },
    );
  }

  #count(startedAt: number, call: TrackedCall): void {
    const seconds = (performance.now() - startedAt) / 1000;
    if (this.#functions.length === 0) {
      this.#calls?.inc();
      this.#durations?.observe(seconds);
      return;
    }
    const labels: Record<string, string | number | boolean> = { ...this.#constants };
    for (const [name, value] of this.#functions) labels[name] = labelOf(value, call);
    this.#calls?.inc(1, labels);
    this.#durations?.observe(seconds, withoutStatus(labels));
  }
}

/** How long a call took and how it ended are two questions: the duration does not ask the second one. */
function withoutStatus<V>({ status: _, ...others }: Readonly<Record<string, V>>): Record<string, V> {
  return others;
}

const isConstant = (entry: [string, TrackedLabel]): entry is [string, string | number | boolean] =>
  typeof entry[1] !== 'function';
const isFunction = (entry: [string, TrackedLabel]): entry is [string, LabelFunction] => typeof entry[1] === 'function';

/** A label that cannot be told must not fail the call it is about. */
function labelOf(label: LabelFunction, call: TrackedCall): LabelValues[string] {
  try {
    const value = label(call);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}

import type { Method } from './method-marks.ts';
import type { Counter, Histogram, LabelValues, MetricService } from './metrics.ts';
import type { TrackedCall, TrackedLabel, TrackOptions } from './track-metrics.ts';

/** The value of a label that cannot be told. */
const UNKNOWN = 'unknown';
/** Combinations of labels whose series are remembered here: as many as the host keeps. */
const MOST_BOUND = 2000;

type LabelFunction = (call: TrackedCall) => unknown;
type LabelValue = LabelValues[string];

/** The series of one combination of labels. */
interface Bound {
  readonly calls: Counter | undefined;
  readonly durations: Histogram | undefined;
}

/** The metrics of one method of one object, declared when this is made. The series of each combination of labels is looked up once. */
export class MethodCounter {
  readonly #calls: Counter | undefined;
  readonly #durations: Histogram | undefined;
  readonly #constants: LabelValues;
  readonly #functions: readonly (readonly [label: string, value: LabelFunction])[];
  readonly #bound = new Map<LabelValue, Bound>();

  constructor(metrics: MetricService, { metricName, help, labels = {}, timing, counter, buckets }: TrackOptions) {
    const entries = Object.entries(labels);
    this.#constants = Object.fromEntries(entries.filter(isConstant));
    this.#functions = entries.filter(isFunction);
    const about = help === undefined ? {} : { help };
    if (counter !== false) this.#calls = metrics.counter(metricName, { labels: Object.keys(labels), ...about });
    if (timing === true) {
      this.#durations = metrics.histogram(`${metricName.replace(/_total$/, '')}_duration_seconds`, {
        labels: Object.keys(withoutStatus(labels)),
        ...about,
        ...(buckets !== undefined && { buckets }),
      });
    }
  }

  /** Calls the method, and counts the call when it has ended: a promise, when it has settled. */
  call(method: Method, owner: unknown, args: unknown[]): unknown {
    const startedAt = this.#durations === undefined ? 0 : performance.now();
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
    const { calls, durations } = this.#seriesOf(call);
    calls?.inc();
    durations?.observe((performance.now() - startedAt) / 1000);
  }

  /** Found by the values of the functions alone: the other labels are always the same. */
  #seriesOf(call: TrackedCall): Bound {
    if (this.#functions.length > 1) return this.#seriesOfMany(call);
    const only = this.#functions[0];
    if (only === undefined) return this.#bound.get('') ?? this.#bind('', {});
    const value = labelOf(only[1], call);
    return this.#bound.get(value) ?? this.#bind(value, { [only[0]]: value });
  }

  #seriesOfMany(call: TrackedCall): Bound {
    const values = this.#functions.map(([, value]) => labelOf(value, call));
    const key = values.join('\u0000');
    const known = this.#bound.get(key);
    if (known !== undefined) return known;
    return this.#bind(
      key,
      Object.fromEntries(this.#functions.map(([name], index) => [name, values[index]])) as LabelValues,
    );
  }

  #bind(key: LabelValue, values: LabelValues): Bound {
    const labels = { ...this.#constants, ...values };
    const bound = { calls: this.#calls?.labels(labels), durations: this.#durations?.labels(withoutStatus(labels)) };
    if (this.#bound.size < MOST_BOUND) this.#bound.set(key, bound);
    return bound;
  }
}

/** How long a call took and how it ended are two questions: the duration does not ask the second one. */
function withoutStatus<V>({ status: _, ...others }: Readonly<Record<string, V>>): Record<string, V> {
  return others;
}

const isConstant = (entry: [string, TrackedLabel]): entry is [string, LabelValue] => typeof entry[1] !== 'function';
const isFunction = (entry: [string, TrackedLabel]): entry is [string, LabelFunction] => typeof entry[1] === 'function';

/** A label that cannot be told must not fail the call it is about. */
function labelOf(label: LabelFunction, call: TrackedCall): LabelValue {
  try {
    const value = label(call);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}

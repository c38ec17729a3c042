import { currentCall } from './call-context.ts';
import { check, checkOptions } from './check-options.ts';
import { apiErrors } from './errors.ts';
import { MethodCounter } from './method-counter.ts';
import { type Method, replaceMethod } from './method-marks.ts';
import type { MetricService } from './metrics.ts';

/** A call that has ended, as the functions of labels see it. */
export interface TrackedCall<A extends readonly unknown[] = readonly unknown[], R = unknown> {
  readonly args: A;
  readonly status: 'success' | 'error';
  /** What it gave; `undefined` where it failed. */
  readonly result: R | undefined;
  /** What it threw. */
  readonly error: unknown;
}

type ArgumentsOf<M extends Method> = never[] extends Parameters<M> ? readonly unknown[] : Parameters<M>;

/** The value itself, or what gives it once the call has ended. What is neither text, number nor boolean is told as `unknown`. */
export type TrackedLabel<M extends Method = Method> =
  | string
  | number
  | boolean
  | ((call: TrackedCall<ArgumentsOf<M>, Awaited<ReturnType<M>>>) => unknown);

export interface TrackOptions<M extends Method = Method> {
  /** The counter's name without `_total`, and the duration's without `_duration_seconds`. */
  readonly metricName: string;
  readonly help?: string;
  readonly labels?: Readonly<Record<string, TrackedLabel<M>>>;
  /** Measures how long calls take. The duration has the same labels, but for `status`. Default false. */
  readonly timing?: boolean;
  /** Counts calls. Default true. */
  readonly counter?: boolean;
  /** Of the duration, in seconds. */
  readonly buckets?: readonly number[];
  /** Where the numbers go, for a function that is no method of an object which belongs to a plugin. */
  readonly metrics?: MetricService;
}

/**
 * Counts the calls of a method and measures them, in the metrics of the plugin that its object belongs to: the plugin's own object, those
 * that it gives to `context.provide`, and those that keep its context as `context`. Nothing is counted outside of a host.
 * With `trackMetrics<Signer['sign']>`, the functions of labels know the method's types.
 * @throws BP_DECORATOR_OPTIONS; the method: BP_METRICS_NOWHERE
 */
export function trackMetrics<M extends Method = Method>(options: TrackOptions<M>): <T extends M>(method: T) => T {
  checkTrackOptions(options);
  return (method) => {
    const counters = new WeakMap<object, MethodCounter>();
    const shared = options.metrics && new MethodCounter(options.metrics, options as TrackOptions);
    const countIn = (owner: object, metrics: MetricService): MethodCounter => {
      const counter = new MethodCounter(metrics, options as TrackOptions);
      counters.set(owner, counter);
      return counter;
    };
    const counterOf = (owner: unknown): MethodCounter | undefined => {
      if (shared !== undefined) return shared;
      const known = isObject(owner) ? counters.get(owner) : undefined;
      if (known !== undefined) return known;
      const metrics = metricsOf(owner);
      if (metrics !== undefined) return countIn(owner as object, metrics);
      if (currentCall() === undefined) return undefined;
      throw apiErrors.BP_METRICS_NOWHERE({ method: method.name, metric: options.metricName });
    };
    const counted = shared === undefined ? { counted: [countIn] } : {};
    return replaceMethod(
      method,
      function tracked(this: unknown, ...args: unknown[]) {
        const counter = counterOf(this);
        return counter === undefined ? Reflect.apply(method, this, args) : counter.call(method, this, args);
      },
      counted,
    );
  };
}

function checkTrackOptions({ labels, ...options }: TrackOptions<never>): void {
  const checks = {
    metricName: check.text,
    help: check.text,
    timing: check.flag,
    counter: check.flag,
    buckets: check.numbers,
    metrics: check.object,
  };
  checkOptions('trackMetrics', options, checks, 'metricName');
  const refuse = (problem: string) => apiErrors.BP_DECORATOR_OPTIONS({ decorator: 'trackMetrics', problem });
  if (options.counter === false && options.timing !== true) throw refuse('it neither counts nor measures');
  for (const [name, label] of Object.entries(labels ?? {})) {
    if (!['string', 'number', 'boolean', 'function'].includes(typeof label))
      throw refuse(`the label "${name}" is neither a value nor a function`);
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The metrics in the context that an object keeps; of a plugin's object there is none before it was given one. */
function metricsOf(owner: unknown): MetricService | undefined {
  if (!isObject(owner) || !('context' in owner)) return undefined;
  try {
    const { metrics } = owner.context as { metrics?: MetricService };
    return typeof metrics?.counter === 'function' ? metrics : undefined;
  } catch {
    return undefined;
  }
}

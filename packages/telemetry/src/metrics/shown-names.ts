import type { MetricType } from './metric-family.ts';

const SUFFIXES: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ['', '_total'],
  gauge: [''],
  histogram: ['', '_bucket', '_sum', '_count'],
};
const ALL_SUFFIXES = [...new Set(Object.values(SUFFIXES).flat())];

/** The names that a metric takes on the page, in either format: no two metrics may share one. `name` is without `_total`. */
export const shownNames = (name: string, type: MetricType): readonly string[] =>
  SUFFIXES[type].map((suffix) => name + suffix);

/** The names of metrics that could take one of the same: few, so that they are looked up and not searched for. */
export function possibleRivals(name: string, type: MetricType): readonly string[] {
  const rivals = shownNames(name, type).flatMap((shown) =>
    ALL_SUFFIXES.filter((suffix) => shown.endsWith(suffix)).map((suffix) =>
      shown.slice(0, shown.length - suffix.length),
    ),
  );
  return [...new Set(rivals)];
}

/** True where two metrics take a name that is the same. */
export const shareName = (a: readonly [name: string, type: MetricType], b: readonly [string, MetricType]): boolean =>
  shownNames(...a).some((shown) => shownNames(...b).includes(shown));

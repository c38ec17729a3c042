import type { Row } from './report.ts';
import { spread } from './statistics.ts';

/** Takes one measurement of a variant: CPU per operation, in the unit of the row. */
export type Sample = (variant: string) => Promise<number>;

/**
 * Measures every variant once a round, in an order that turns from round to round, so that what the machine does meanwhile falls on
 * all alike. A variant's ratio is the median of its ratios to the baseline of the same round.
 */
export async function inRounds(
  variants: readonly string[],
  baseline: string,
  rounds: number,
  unit: Row['unit'],
  sample: Sample,
): Promise<readonly Row[]> {
  if (!variants.includes(baseline)) throw new Error(`The baseline "${baseline}" is not among ${variants.join(', ')}.`);
  const taken: Map<string, number>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const values = new Map<string, number>();
    for (let turn = 0; turn < variants.length; turn += 1) {
      const variant = variants[(turn + round) % variants.length] ?? baseline;
      values.set(variant, await sample(variant));
    }
    taken.push(values);
  }
  const series = (variant: string) => taken.map((values) => values.get(variant) ?? Number.NaN);
  const base = series(baseline);
  return variants.map((variant) => {
    const own = series(variant);
    return {
      variant,
      unit,
      rounds,
      cpu: spread(own),
      ratio: spread(own.map((value, i) => value / (base[i] ?? Number.NaN))),
    };
  });
}

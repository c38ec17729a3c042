/** The middle value; the mean of the two middle ones where the count is even. NaN for none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `q` (0 to 1) of the values lies, between two of them in proportion. NaN for none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** The distance between the quarters, as a share of the median: how noisy a figure is. 0.1 says that half the rounds lie within ±5 %. */
export function spread(values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / Math.abs(median(values));
}

/** The median of the ratios within each round: what disturbs a round disturbs both sides of it. Both have as many values. */
export function ratio(values: readonly number[], base: readonly number[]): number {
  return median(ratios(values, base));
}

/** Round by round. @throws RangeError where the rounds do not agree */
export function ratios(values: readonly number[], base: readonly number[]): number[] {
  if (values.length !== base.length) throw new RangeError(`${values.length} rounds beside ${base.length}`);
  return values.map((value, round) => value / (base[round] as number));
}

/** What `y` grows by for each 1 of `x`: the median slope over all pairs (Theil and Sen), which a few wild samples cannot bend. */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const slopes: number[] = [];
  for (const [index, a] of points.entries()) {
    for (const b of points.slice(index + 1)) if (b.x !== a.x) slopes.push((b.y - a.y) / (b.x - a.x));
  }
  return median(slopes);
}

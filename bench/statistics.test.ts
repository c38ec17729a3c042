import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, quantile, slope, spread } from './statistics.ts';

describe('statistics of a benchmark', () => {
  it('takes the middle value, and the mean of two middle ones', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('leaves the values as they were given', () => {
    const given = [3, 1, 2];
    expect([median(given), quantile(given, 0.9), spread(given).median]).toEqual([2, 3, 2]);
    expect(given).toEqual([3, 1, 2]);
  });

  it('keeps every quantile among the values, and the higher above the lower', () => {
    const values = fc.array(fc.integer(), { minLength: 1, maxLength: 50 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(values, share, share, (all, p, q) => {
        const [low, high] = p < q ? [p, q] : [q, p];
        expect(all).toContain(quantile(all, low));
        expect(quantile(all, low)).toBeLessThanOrEqual(quantile(all, high));
      }),
    );
  });

  it('finds the slope of a line whatever its offset, and is not bent by a wild sample', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: -1e6, max: 1e6 }), (rise, offset) => {
        const line = Array.from({ length: 12 }, (_, x) => ({ x, y: offset + rise * x }));
        line[5] = { x: 5, y: 1e9 };
        expect(slope(line)).toBeCloseTo(rise, 6);
      }),
    );
  });
});

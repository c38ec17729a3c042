import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, quantile, ratio, slope, spread } from './statistics.ts';

const values = fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });

describe('statistics of a benchmark', () => {
  it('takes the middle value, and the mean of two middle ones', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('finds quantiles between the values, in proportion', () => {
    expect(quantile([0, 10, 20, 30, 40], 0.25)).toBe(10);
    expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9);
    expect(quantile([7], 0.99)).toBe(7);
  });

  it('leaves the values as they were given', () => {
    const given = [3, 1, 2];
    median(given);
    expect(given).toEqual([3, 1, 2]);
  });

  it('keeps every quantile within the values, and the higher above the lower', () => {
    fc.assert(
      fc.property(
        values,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, p, q) => {
          const [low, high] = p < q ? [p, q] : [q, p];
          const slack = 1e-6;
          expect(quantile(all, low)).toBeGreaterThanOrEqual(Math.min(...all) - slack);
          expect(quantile(all, high)).toBeLessThanOrEqual(Math.max(...all) + slack);
          expect(quantile(all, low)).toBeLessThanOrEqual(quantile(all, high) + slack);
        },
      ),
    );
  });

  it('sees no spread in equal values, and half in values that reach from 75 to 125', () => {
    expect(spread([8, 8, 8])).toBe(0);
    expect(spread([50, 75, 100, 125, 150])).toBeCloseTo(0.5);
  });

  it('compares within each round, so that a round in which everything was slow counts like any other', () => {
    expect(ratio([2, 20, 200], [1, 10, 100])).toBe(2);
    expect(() => ratio([1, 2], [1])).toThrow(RangeError);
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

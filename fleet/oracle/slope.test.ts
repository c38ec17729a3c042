import { expect, it } from 'vitest';
import { slope } from './slope.ts';

it('finds the slope of a line, and the mean one of a cloud', () => {
  const line = Array.from({ length: 10 }, (_, x) => [x, 3 * x + 7] as const);
  expect(slope(line)).toBeCloseTo(3);
  expect(slope(line.map(([x, y]) => [x, y + (x % 2 ? 1 : -1)] as const))).toBeCloseTo(3, 0);
});

it('is level where there is nothing to see', () => {
  expect(slope([])).toBe(0);
  expect(slope([[1, 5]])).toBe(0);
  expect(
    slope([
      [1, 5],
      [1, 9],
    ]),
  ).toBe(0);
});

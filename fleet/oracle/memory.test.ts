import { expect, it } from 'vitest';
import { Random } from '../random.ts';
import { checkMemory } from './memory.ts';

const MIB = 1024 * 1024;

/** A run of so many checkpoints, each some operations after the one before, with what each operation leaves and what collections miss. */
function found(checkpoints: number, stepsBetween: number, bytesAStep: number, noise: number): boolean {
  const random = new Random(1);
  let any = false;
  checkMemory(
    {
      add() {
        any = true;
      },
    },
    Array.from({ length: checkpoints }, (_, n) => {
      const step = n * stepsBetween;
      return { step, holdings: { heapUsed: 100 * MIB + step * bytesAStep + random.int(-noise, noise) } };
    }),
  );
  return any;
}

it('finds what each operation leaves, in a minute where it is much and in ten where it is little', () => {
  expect(found(10, 6, 300 * 1024, MIB)).toBe(true);
  expect(found(20, 30, 32 * 1024, MIB)).toBe(true);
});

it('finds nothing in what collections miss', () => {
  for (const stepsBetween of [3, 6, 30]) expect(found(12, stepsBetween, 0, 1.5 * MIB)).toBe(false);
  expect(found(20, 30, 2 * 1024, MIB)).toBe(false);
});

it('draws no line through few points', () => {
  expect(found(5, 40, MIB, 0)).toBe(false);
});

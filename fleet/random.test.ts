import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

const draw = (random: Random) => Array.from({ length: 20 }, () => random.int(0, 1000));

describe('Random', () => {
  it('repeats itself for the same seed, and differs for another', () => {
    expect(draw(new Random(42))).toEqual(draw(new Random(42)));
    expect(draw(new Random(42))).not.toEqual(draw(new Random(43)));
  });

  it('gives the figures of the published algorithm', () => {
    const random = new Random(1);
    expect([random.next(), random.next(), random.next()].map((figure) => Math.floor(figure * 2 ** 32))).toEqual([
      2693262067, 11749833, 2265367787,
    ]);
  });

  it('stays within the bounds it is asked for', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: -50, max: 50 }), fc.nat(50), (seed, least, span) => {
        const drawn = new Random(seed).int(least, least + span);
        return drawn >= least && drawn <= least + span;
      }),
    );
  });

  it('takes each of a list at most once', () => {
    fc.assert(
      fc.property(fc.integer(), fc.uniqueArray(fc.nat()), fc.nat(20), (seed, list, count) => {
        const taken = new Random(seed).some(list, count);
        expect(new Set(taken).size).toBe(Math.min(count, list.length));
        expect(list).toEqual(expect.arrayContaining(taken));
      }),
    );
  });

  it('picks by weight', () => {
    const random = new Random(7);
    const list = [
      { name: 'often', weight: 9 },
      { name: 'seldom', weight: 1 },
    ];
    const often = Array.from({ length: 2000 }, () => random.weighted(list)).filter((item) => item?.name === 'often');
    expect(often.length / 2000).toBeCloseTo(0.9, 1);
  });

  it('forks without being disturbed by the fork', () => {
    const [one, two] = [new Random(5), new Random(5)];
    one.fork().next();
    two.fork();
    expect(one.next()).toBe(two.next());
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { globMatcher } from './glob.ts';

it('agrees with a regular expression, for every pattern and key', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', ':', '.'), maxLength: 12 });
  fc.assert(
    fc.property(text, text, (pattern, key) => {
      const expression = pattern.split('*').map(RegExp.escape).join('[^]*');
      expect(globMatcher(pattern)(key)).toBe(new RegExp(`^${expression}$`).test(key));
    }),
    { numRuns: 5_000 },
  );
});

it('needs no more time for a pattern that is meant to be slow', () => {
  const matches = globMatcher(`${'a*'.repeat(500)}b`);
  expect(matches('a'.repeat(100_000))).toBe(false);
});

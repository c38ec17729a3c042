import { expect, it } from 'vitest';
import { fuzzApi } from '../trials/fuzz/fuzz.ts';

it('answers whatever it is asked as its own document says, and never with a mistake of its own', async () => {
  const { findings, requests, covered } = await fuzzApi({ requests: 600, seed: 11, say: () => {} });
  expect(findings).toEqual([]);
  expect(requests).toBe(600);
  expect(covered.size).toBeGreaterThan(45);
});

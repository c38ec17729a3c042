import type { Clock } from '@backplane/base';
import { expect, it } from 'vitest';
import { TimeSlice } from './time-slice.ts';

it('is over when its milliseconds have passed, and begins anew after others had their turn', async () => {
  let now = 0;
  const clock: Clock = { now: () => now, monotonic: () => now, after: () => ({ cancel() {} }) };
  const slice = new TimeSlice(8, clock);
  now = 7;
  expect(slice.over).toBe(false);
  now = 8;
  expect(slice.over).toBe(true);
  let others = false;
  setImmediate(() => {
    others = true;
  });
  await slice.next();
  expect([others, slice.over]).toEqual([true, false]);
});

import { ManualClock } from '@backplane/testing';
import { expect, it } from 'vitest';
import { Turnstile } from './turnstile.ts';

const late = () => new Error('late');

it('lets one in at a time, in the order in which they came', async () => {
  const turn = new Turnstile(new ManualClock());
  const seen: number[] = [];
  const pass = async (n: number) => {
    const leave = await turn.enter(1000, late);
    seen.push(n);
    await Promise.resolve();
    leave();
  };
  await Promise.all([1, 2, 3].map(pass));
  expect(seen).toEqual([1, 2, 3]);
  expect(turn.taken).toBe(false);
});

it('turns away who has waited too long, and lets the next one in', async () => {
  const clock = new ManualClock();
  const turn = new Turnstile(clock);
  const leave = await turn.enter(1000, late);
  const impatient = expect(turn.enter(10, late)).rejects.toThrow('late');
  const patient = turn.enter(1000, late);
  await clock.advance(10);
  await impatient;
  expect(turn.waiting).toBe(1);
  leave();
  // Leaving twice lets nobody in.
  leave();
  const leavePatient = await patient;
  expect(turn.taken).toBe(true);
  leavePatient();
  expect(turn.taken).toBe(false);
});

it('lets several in where there is room', async () => {
  const turn = new Turnstile(new ManualClock(), 2);
  await turn.enter(1, late);
  expect(turn.taken).toBe(false);
  await turn.enter(1, late);
  expect(turn.taken).toBe(true);
});

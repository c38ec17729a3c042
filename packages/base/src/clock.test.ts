import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from './clock.ts';

const DAY = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it.each([1, 24 * DAY, 25 * DAY, 100 * DAY])('runs an action after %d ms, and not before', (delayMs) => {
  const action = vi.fn();
  systemClock.after(delayMs, action);
  vi.advanceTimersByTime(delayMs - 1);
  expect(action).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(action).toHaveBeenCalledTimes(1);
});

it('never runs an action that was taken back, at whatever time', () => {
  const action = vi.fn();
  const timer = systemClock.after(100 * DAY, action);
  vi.advanceTimersByTime(60 * DAY);
  timer.cancel();
  vi.advanceTimersByTime(60 * DAY);
  expect(action).not.toHaveBeenCalled();
});

it('waits for ever where it is told to', () => {
  const action = vi.fn();
  systemClock.after(Number.POSITIVE_INFINITY, action);
  vi.advanceTimersByTime(100 * DAY);
  expect(action).not.toHaveBeenCalled();
});

import { describe, expect, it } from 'vitest';
import { type LiveChange, liveLine } from './live-plugins.ts';

const change = (what: Partial<LiveChange>): LiveChange => ({
  plugin: 'tally',
  action: 'reconfigure',
  outcome: 'applied',
  fromVersion: '1.0.0',
  toVersion: '1.0.0',
  problem: undefined,
  stopped: undefined,
  frame: undefined,
  tookMs: 3.4,
  ...what,
});

describe('what a person reads of a change', () => {
  it.each([
    [{}, 'tally 1.0.0 has its new configuration, after 3 ms'],
    [{ outcome: 'returned' as const }, 'tally 1.0.0 serves on as it was; it refused its new configuration'],
    [{ action: 'replace' as const, toVersion: '1.1.0' }, 'tally 1.0.0 → 1.1.0, after 3 ms'],
    [
      { action: 'replace' as const, outcome: 'returned' as const },
      'tally 1.0.0 serves on; the new version does not run',
    ],
  ])('%o', (what, line) => {
    expect(liveLine(change(what))).toBe(line);
  });
});

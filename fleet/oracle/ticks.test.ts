import { describe, expect, it } from 'vitest';
import { Findings } from './findings.ts';
import { Ticks } from './ticks.ts';

const listening = () => {
  const findings = new Findings();
  return { findings, ticks: new Ticks(findings) };
};

describe('Ticks', () => {
  it('is content with one version after the other, and with seconds that are left out', () => {
    const { findings, ticks } = listening();
    for (const [owner, second] of [
      ['a#1', 10],
      ['a#1', 11],
      ['a#2', 14],
      ['b#1', 11],
    ] as const)
      ticks.heard(owner, second);
    expect(findings.list).toEqual([]);
    expect(ticks.count).toBe(4);
  });

  it('finds a second that ticks in two versions', () => {
    const { findings, ticks } = listening();
    for (const owner of ['a#1', 'a#2']) ticks.heard(owner, 10);
    expect(findings.list).toHaveLength(1);
  });

  it('finds an old version that ticks after a newer one', () => {
    const { findings, ticks } = listening();
    for (const [owner, second] of [
      ['a#2', 10],
      ['a#1', 11],
    ] as const)
      ticks.heard(owner, second);
    expect(findings.list).toHaveLength(1);
  });
});

import { describe, expect, it } from 'vitest';
import type { Report } from '../plugins/book.ts';
import { Findings } from './findings.ts';
import { Tally } from './tally.ts';

const report = (count: number, instance = 1, base = 0) => ({ plugin: 'one', instance, base, count }) as Report;
const keeping = () => {
  const findings = new Findings();
  return { findings, tally: new Tally(findings) };
};

describe('Tally', () => {
  it('is content with every count once, in any order', () => {
    const { findings, tally } = keeping();
    for (const count of [2, 1, 4, 3]) tally.answered(report(count));
    tally.audit(new Set(['one#1']));
    expect(findings.list).toEqual([]);
    expect(tally.highest('one', 1)).toBe(4);
  });

  it('finds a count that comes twice', () => {
    const { findings, tally } = keeping();
    for (const count of [1, 2, 1]) tally.answered(report(count));
    expect(findings.list).toMatchObject([{ where: 'counter of one#1', got: '1 again' }]);
  });

  it('finds a count that never comes', () => {
    const { findings, tally } = keeping();
    for (const count of [1, 3]) tally.answered(report(count));
    tally.audit(new Set());
    expect(findings.list).toMatchObject([{ got: '1 of them never arrived' }]);
  });

  it('forgives what a process took with it', () => {
    const { findings, tally } = keeping();
    for (const count of [1, 3]) tally.answered(report(count));
    tally.lost('one', 1);
    tally.audit(new Set());
    expect(findings.list).toEqual([]);
  });

  it('counts from where the version before was', () => {
    const { findings, tally } = keeping();
    tally.answered(report(1));
    tally.answered(report(8, 2, 7));
    tally.audit(new Set());
    expect(findings.list).toEqual([]);
    tally.answered(report(9, 3, 7));
    tally.audit(new Set());
    expect(findings.list).toHaveLength(1);
  });

  it('finds a counter that does not go on from what was handed over', () => {
    const { findings, tally } = keeping();
    for (const count of [1, 2, 3]) tally.answered(report(count));
    tally.inherits('one', 1);
    tally.answered(report(4, 2, 3));
    expect(findings.list).toEqual([]);
    tally.inherits('one', 2);
    tally.answered(report(3, 3, 2));
    expect(findings.list).toMatchObject([{ expected: 'goes on from at least 4', got: 'began at 2' }]);
  });
});

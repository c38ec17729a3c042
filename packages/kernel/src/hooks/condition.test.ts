import type { HookCondition } from '@backplane/plugin-api';
import { describe, expect, it } from 'vitest';
import { compileCondition } from './condition.ts';

const order = { id: 7, total: 120, currency: 'EUR', customer: { country: 'DE', tags: ['new', 'gold'] }, note: null };

function meets(when: HookCondition, payload: unknown = order): boolean {
  const compiled = compileCondition(when);
  if ('problem' in compiled) throw new Error(compiled.problem);
  return compiled.test(payload);
}

describe('a condition', () => {
  it.each<[HookCondition, boolean]>([
    [{}, true],
    [{ currency: 'EUR' }, true],
    [{ currency: 'USD' }, false],
    [{ currency: ['USD', 'EUR'] }, true],
    [{ 'customer.country': 'DE', total: { $gte: 100, $lt: 200 } }, true],
    [{ 'customer.country': 'DE', total: { $gt: 120 } }, false],
    [{ 'customer.tags.1': 'gold' }, true],
    [{ note: null }, true],
    [{ note: { $exists: true } }, true],
    [{ nothing: { $exists: false } }, true],
    [{ nothing: { $ne: 1 } }, true],
    [{ total: { $nin: [120] } }, false],
    [{ currency: { $gt: 'EU', $lte: 'EUR' } }, true],
    [{ total: { $gt: '1' } }, false],
    [{ $or: [{ currency: 'USD' }, { id: 7 }] }, true],
    [{ $and: [{ currency: 'EUR' }, { $not: { id: 7 } }] }, false],
  ])('%j gives %s', (when, expected) => {
    expect(meets(when)).toBe(expected);
  });

  it('sees own fields only, of whatever is given', () => {
    expect(meets({ 'constructor.name': 'Object' })).toBe(false);
    expect(meets({ '__proto__.x': { $exists: true } })).toBe(false);
    for (const payload of [undefined, null, 'text', 5, []]) expect(meets({ total: 1 }, payload)).toBe(false);
  });

  it.each([
    [5, 'a condition is a map of paths'],
    [{ total: { $above: 5 } }, '"$above" at "total" is not known'],
    [{ total: { constructor: 5 } }, '"constructor" at "total" is not known'],
    [{ total: { $in: 5 } }, '"$in" at "total" does not take this operand'],
    [{ total: undefined }, '"total" is compared with a value'],
    [{ $or: {} }, '"$or" takes a list'],
    [{ $where: 'x' }, '"$where" is not known'],
    [{ 'a..b': 1 }, '"a..b" is no path'],
    [Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`k${index}`, 1])), 'more than 100 parts'],
    [Array.from({ length: 12 }).reduce<object>((inner) => ({ $not: inner }), {}), 'nested more than 8 times'],
  ])('%j is refused', (when, problem) => {
    expect(compileCondition(when as HookCondition)).toEqual({ problem: expect.stringContaining(problem) });
  });
});

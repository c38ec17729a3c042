import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findUncloneable } from './cloneable.ts';

describe('findUncloneable', () => {
  it.each([
    [() => {}, ''],
    [{ a: { 'b-c': [0, () => {}] } }, ".a['b-c'][1]"],
    [new Map([['k', { s: Symbol('s') }]]), ".get('k').s"],
    [new Set([new WeakMap()]), '.values()'],
    [{ later: Promise.resolve(1) }, '.later'],
    [{ of: new (class Invoice {})() }, '.of'],
  ])('says where %o goes wrong', (value, path) => {
    expect(findUncloneable(value)?.path).toBe(path);
  });

  it('sees nothing wrong in plain data, also in circles', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(findUncloneable(circle)).toBeUndefined();
    fc.assert(fc.property(fc.jsonValue(), (value) => findUncloneable(value) === undefined));
  });

  it('never finds trouble in what can be copied', () => {
    const anything = fc.anything({
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withBigInt: true,
    });
    fc.assert(
      fc.property(anything, (value) => structuredClone(value) === value || findUncloneable(value) === undefined),
    );
  });
});

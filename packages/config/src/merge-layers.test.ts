import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConfigLayer, mergeLayers } from './merge-layers.ts';

const layer = (name: string, value: Record<string, unknown>): ConfigLayer => ({ name, value });

describe('mergeLayers', () => {
  it('joins maps, replaces lists, and lets the higher layer win', () => {
    const { value, origins } = mergeLayers([
      layer('low', { a: { x: 1, y: [1, 2, 3] }, b: { z: 1 } }),
      layer('high', { a: { y: [9] }, b: 'gone' }),
    ]);
    expect(value).toEqual({ a: { x: 1, y: [9] }, b: 'gone' });
    const layers = Object.fromEntries([...origins].map(([pointer, origin]) => [pointer, origin.layer]));
    expect(layers).toEqual({ '': 'low', '/a': 'low', '/a/x': 'low', '/a/y': 'high', '/a/y/0': 'high', '/b': 'high' });
  });

  it('lets null hide what lies below', () => {
    expect(mergeLayers([layer('low', { a: { b: 1 } }), layer('high', { a: null })]).value).toEqual({ a: null });
  });

  it('does not share anything with the layers', () => {
    const low = { a: { b: [1] } };
    const { value } = mergeLayers([layer('low', low), layer('high', { a: { c: 2 } })]);
    expect(low).toEqual({ a: { b: [1] } });
    expect((value.a as typeof low.a).b).not.toBe(low.a.b);
  });

  it.each([
    '{"__proto__":{"polluted":1}}',
    '{"a":{"__proto__":{"polluted":1}}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
  ])('cannot be made to touch a prototype: %s', (text) => {
    const { value } = mergeLayers([
      layer('a', { a: { x: 1 } }),
      layer('b', JSON.parse(text)),
      layer('c', JSON.parse(text)),
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect((value as Record<string, unknown>).polluted).toBeUndefined();
  });

  const key = fc.constantFrom('a', 'b', 'c/d', 'e~f', '');
  const { map } = fc.letrec<{ map: Record<string, unknown>; any: unknown }>((tie) => ({
    map: fc.dictionary(key, tie('any'), { maxKeys: 4, noNullPrototype: true }),
    any: fc.oneof(
      { maxDepth: 4 },
      fc.integer(),
      fc.constant(null),
      fc.array(fc.integer(), { maxLength: 2 }),
      tie('map'),
    ),
  }));
  const layers = fc
    .array(map as fc.Arbitrary<Record<string, unknown>>, { maxLength: 4 })
    .map((values) => values.map((value, index) => layer(String(index), value)));
  const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const leaves = (value: unknown, path: string[] = []): [string[], unknown][] =>
    isMap(value) ? Object.entries(value).flatMap(([name, part]) => leaves(part, [...path, name])) : [[path, value]];
  const at = (value: unknown, path: string[]): unknown =>
    path.reduce<unknown>(
      (inner, name) => (isMap(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined),
      value,
    );
  /** Whether this layer says something else than a map at or above this path. */
  const hides = (value: unknown, path: string[]) =>
    path.some((_, depth) => {
      const part = at(value, path.slice(0, depth + 1));
      return part !== undefined && !isMap(part);
    });
  const pointer = (path: string[]) =>
    path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

  it('takes each value from the highest layer that says anything there, and says so', () => {
    fc.assert(
      fc.property(layers, (stack) => {
        const { value, origins } = mergeLayers(stack);
        for (const [path, leaf] of leaves(value)) {
          const highest = stack.findLastIndex((one) => hides(one.value, path));
          expect(at(stack[highest]?.value, path)).toEqual(leaf);
          expect(origins.get(pointer(path))?.layer).toBe(String(highest));
        }
      }),
    );
  });

  it('loses no value of the highest layer, and knows the origin of all and nothing else', () => {
    fc.assert(
      fc.property(layers, (stack) => {
        const { value, origins } = mergeLayers(stack);
        for (const [path, leaf] of leaves(stack.at(-1)?.value ?? {}))
          if (path.length > 0) expect(at(value, path)).toEqual(leaf);
        for (const known of origins.keys()) {
          const path = known
            .split('/')
            .slice(1)
            .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
          let inner: unknown = value;
          for (const name of path) inner = (inner as Record<string, unknown>)[name];
          expect(inner).not.toBeUndefined();
        }
      }),
    );
  });
});

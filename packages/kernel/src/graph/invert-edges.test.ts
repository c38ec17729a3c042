import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { invertEdges } from './invert-edges.ts';

describe('the edges of a graph turned round', () => {
  it('names the dependents of each plugin that has some', () => {
    const edges = new Map([
      ['a', new Set<string>()],
      ['b', new Set(['a'])],
      ['c', new Set(['a', 'b'])],
    ]);
    expect([...invertEdges(edges)]).toEqual([
      ['a', ['b', 'c']],
      ['b', ['c']],
    ]);
  });

  it('is the same graph again when turned round twice', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, name), { selector: ([from, to]) => `${from} ${to}` }), (pairs) => {
        const edges = new Map<string, string[]>();
        for (const [from, to] of pairs) edges.set(from, [...(edges.get(from) ?? []), to]);
        const flat = (graph: ReadonlyMap<string, Iterable<string>>) =>
          [...graph].flatMap(([from, targets]) => [...targets].map((to) => `${from} ${to}`)).sort();
        expect(flat(invertEdges(invertEdges(edges)))).toEqual(flat(edges));
      }),
    );
  });
});

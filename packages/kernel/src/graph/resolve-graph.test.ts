import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataOf } from '../testing/test-kernel.ts';
import { resolveGraph } from './resolve-graph.ts';
import { compareStart, phaseNumber } from './start-order.ts';

type Data = ReturnType<typeof dataOf>;
const need = (key: string, serviceId: string, mode: 'required' | 'optional' | 'lazy' = 'required') => ({
  key,
  serviceId,
  range: '*',
  mode,
});
const on = (name: string, range = '*', optional = false) => ({ name, range, optional });
const graph = (...plugins: Data[]) => resolveGraph(new Map(plugins.map((data) => [data.name, data])));
const problem = (resolution: ReturnType<typeof graph>, name: string) => resolution.problems.get(name);

describe('resolving the graph', () => {
  it('names a missing dependency and what waits for its dependent', () => {
    const resolution = graph(
      dataOf({ name: 'a', dependencies: [on('b')] }),
      dataOf({ name: 'b', dependencies: [on('ghost', '^2.0.0')] }),
      dataOf({ name: 'c' }),
    );
    expect(problem(resolution, 'b')).toMatchObject({
      code: 'BP_DEPENDENCY_MISSING',
      details: { plugin: 'b', dependency: 'ghost', range: '^2.0.0' },
    });
    expect(resolution.blocked.get('a')).toEqual({ by: ['b'] });
    expect(resolution.order).toEqual(['c']);
  });

  it('shows the full path of a cycle and refuses its members alone', () => {
    const resolution = graph(
      dataOf({ name: 'a', dependencies: [on('b')] }),
      dataOf({ name: 'b', dependencies: [on('c')] }),
      dataOf({ name: 'c', dependencies: [on('a')] }),
      dataOf({ name: 'd', dependencies: [on('a')] }),
      dataOf({ name: 'e' }),
    );
    for (const name of ['a', 'b', 'c']) {
      expect(problem(resolution, name)).toMatchObject({
        code: 'BP_PLUGIN_CYCLE',
        details: { path: ['a', 'b', 'c', 'a'] },
      });
    }
    expect(resolution.blocked.get('d')).toEqual({ by: ['a'] });
    expect(resolution.order).toEqual(['e']);
  });

  it('says who asks for which version', () => {
    const resolution = graph(
      dataOf({ name: 'lib', version: '2.1.0' }),
      dataOf({ name: 'old', dependencies: [on('lib', '^1.0.0')] }),
      dataOf({ name: 'new', dependencies: [on('lib', '^2.0.0')] }),
    );
    expect(problem(resolution, 'old')?.message).toContain('"old" ^1.0.0 (not met), "new" ^2.0.0 (met)');
    expect(resolution.order).toEqual(['lib', 'new']);
  });

  it('refuses both providers of one service, and holds back who needs it', () => {
    const resolution = graph(
      dataOf({ name: 'a', provides: ['x.y'] }),
      dataOf({ name: 'b', provides: ['x.y'] }),
      dataOf({ name: 'c', needs: [need('y', 'x.y')] }),
    );
    expect(problem(resolution, 'a')).toMatchObject({ code: 'BP_SERVICE_CONFLICT', details: { plugins: ['a', 'b'] } });
    expect(resolution.blocked.get('c')).toEqual({ by: ['a', 'b'] });
  });

  it('refuses a dependency on a later phase', () => {
    const resolution = graph(
      dataOf({ name: 'early', phase: 'security', dependencies: [on('late')] }),
      dataOf({ name: 'late', phase: 'business' }),
    );
    expect(problem(resolution, 'early')?.code).toBe('BP_PHASE_ORDER');
  });

  it('orders by an optional dependency that is there, and does without one that is not or cannot run', () => {
    const a = dataOf({ name: 'a', dependencies: [on('z', '*', true)] });
    expect(graph(a, dataOf({ name: 'z' })).order).toEqual(['z', 'a']);
    expect(graph(a).order).toEqual(['a']);
    expect(graph(a, dataOf({ name: 'z', dependencies: [on('ghost')] })).order).toEqual(['a']);
  });

  it('does without an optional dependency that is named by its alias and cannot run', () => {
    const broken = dataOf({ name: 'trust-pki', aliases: ['marty'], dependencies: [on('ghost')] });
    expect(graph(dataOf({ name: 'app', dependencies: [on('marty', '*', true)] }), broken).order).toEqual(['app']);
  });

  it('waits for a plugin that is optional as a dependency but provides a required service', () => {
    const broken = dataOf({ name: 'db', provides: ['db.pool'], dependencies: [on('ghost')] });
    const app = dataOf({ name: 'app', dependencies: [on('db', '*', true)], needs: [need('pool', 'db.pool')] });
    expect(graph(app, broken).blocked.get('app')).toEqual({ by: ['db'] });
  });

  it('names all that a plugin waits for, however the plugins are ordered', () => {
    const plugins = [
      dataOf({ name: 'app', dependencies: [on('near'), on('broken')] }),
      dataOf({ name: 'near', dependencies: [on('broken')] }),
      dataOf({ name: 'broken', dependencies: [on('ghost')] }),
    ];
    expect(graph(...plugins).blocked.get('app')).toEqual({ by: ['near', 'broken'] });
    expect(graph(...plugins.reverse()).blocked.get('app')).toEqual({ by: ['near', 'broken'] });
  });

  it('prefers a name to an alias of another plugin', () => {
    const [named, alias] = [dataOf({ name: 'b' }), dataOf({ name: 'c', aliases: ['b'] })];
    const app = dataOf({ name: 'a', dependencies: [on('b')] });
    for (const plugins of [
      [app, named, alias],
      [app, alias, named],
    ])
      expect([...(graph(...plugins).edges.get('a') ?? [])]).toEqual(['b']);
  });

  it('lets lazy needs form a cycle, and reaches along it', () => {
    const resolution = graph(
      dataOf({ name: 'a', provides: ['a.s'], needs: [need('b', 'b.s')] }),
      dataOf({ name: 'b', provides: ['b.s'], needs: [need('a', 'a.s', 'lazy')] }),
    );
    expect(resolution.order).toEqual(['b', 'a']);
    expect([...(resolution.reach.get('b') ?? [])]).toEqual(['a']);
  });

  it('finds a dependency by its alias', () => {
    expect(
      graph(dataOf({ name: 'trust-pki', aliases: ['marty'] }), dataOf({ name: 'app', dependencies: [on('marty')] }))
        .order,
    ).toEqual(['trust-pki', 'app']);
  });

  it('survives a chain of ten thousand', () => {
    const chain = Array.from({ length: 10_000 }, (_, i) =>
      dataOf({ name: `p${i}`, dependencies: i === 0 ? [] : [on(`p${i - 1}`)] }),
    );
    expect(graph(...chain.reverse()).order).toHaveLength(10_000);
  });

  const phases = ['infrastructure', 'security', 'middleware', 'business'] as const;
  const randomGraph = fc
    .array(
      fc.record({
        phase: fc.constantFrom(...phases),
        priority: fc.integer({ min: 0, max: 3 }),
        targets: fc.array(fc.nat(30), { maxLength: 4 }),
        optional: fc.boolean(),
      }),
      { maxLength: 30 },
    )
    .map((items) =>
      items.map((item, i) =>
        dataOf({
          name: `p${i}`,
          phase: item.phase,
          priority: item.priority,
          dependencies: item.targets.map((target) => on(`p${target}`, '*', item.optional)),
        }),
      ),
    );

  it('puts every dependency first, then phases, and accounts for every plugin, over random graphs', () => {
    fc.assert(
      fc.property(randomGraph, (plugins) => {
        const resolution = graph(...plugins);
        const at = new Map(resolution.order.map((name, index) => [name, index]));
        for (const data of plugins) {
          const places = [resolution.problems.has(data.name), resolution.blocked.has(data.name), at.has(data.name)];
          expect(places.filter(Boolean)).toHaveLength(1);
        }
        const byName = new Map(plugins.map((data) => [data.name, data]));
        for (const [index, name] of resolution.order.entries()) {
          for (const dependency of resolution.edges.get(name) ?? []) {
            const place = at.get(dependency);
            if (place !== undefined) expect(place).toBeLessThan(index);
            else expect(byName.get(name)?.dependencies.find((d) => d.name === dependency)?.optional).toBe(true);
          }
          const next = resolution.order[index + 1];
          if (next === undefined) continue;
          const [a, b] = [byName.get(name) as Data, byName.get(next) as Data];
          expect(phaseNumber(a.phase)).toBeLessThanOrEqual(phaseNumber(b.phase));
          // Out of order by priority or name only where the second waited for something.
          if (compareStart(a, b) > 0) expect(resolution.edges.get(next)?.size).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same order whatever the order of discovery', () => {
    fc.assert(
      fc.property(randomGraph, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (plugins, random) => {
        const shuffled = plugins
          .map((data) => ({ data, key: random.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ data }) => data);
        expect(graph(...shuffled).order).toEqual(graph(...plugins).order);
      }),
      { numRuns: 100 },
    );
  });
});

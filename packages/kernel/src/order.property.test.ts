import type { PluginData } from '@backplane/ports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { phaseNumber } from './graph/start-order.ts';
import { createTestKernel, dataOf } from './testing/test-kernel.ts';
import { createTracedUnit, type TracedInstance } from './testing/traced-unit.ts';

const PHASES = ['infrastructure', 'security', 'middleware', 'business'] as const;
const MODES = ['dependency', 'optional dependency', 'required', 'optional', 'lazy'] as const;

/** Plugins that depend on earlier ones of their own or an earlier phase; lazily, on any. */
const plugins = fc
  .array(
    fc.record({
      phase: fc.constantFrom(...PHASES),
      priority: fc.integer({ min: 0, max: 3 }),
      wants: fc.array(fc.record({ to: fc.nat(30), mode: fc.constantFrom(...MODES) }), { maxLength: 4 }),
      delays: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 3, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 16 },
  )
  .map((items) =>
    items.map(({ phase, priority, wants, delays }, index) => {
      const dependencies: PluginData['dependencies'][number][] = [];
      const needs: PluginData['needs'][number][] = [];
      for (const [place, { to, mode }] of wants.entries()) {
        const target = to % items.length;
        const before = target < index && phaseNumber(items[target]?.phase ?? phase) <= phaseNumber(phase);
        if (target === index || (mode !== 'lazy' && !before)) continue;
        const range = '*';
        if (mode.endsWith('dependency'))
          dependencies.push({ name: `p${target}`, range, optional: mode !== 'dependency' });
        else needs.push({ key: `n${place}`, serviceId: `p${target}.service`, range, mode: mode as 'required' });
      }
      const name = `p${index}`;
      return { data: dataOf({ name, phase, priority, dependencies, needs, provides: [`${name}.service`] }), delays };
    }),
  );

describe('the order of start and stop, over random graphs', () => {
  it('begins with nobody before what it depends on, keeps phases apart, lets the others overlap, and stops in reverse', async () => {
    await fc.assert(
      fc.asyncProperty(plugins, async (list) => {
        const { kernel, clock } = createTestKernel();
        const at = new Map<string, number>();
        let turn = 0;
        const trace = {
          instances: [] as TracedInstance[],
          onStep: ({ name }: TracedInstance, point: string, edge: string) =>
            void at.set(`${name} ${point} ${edge}`, turn++),
          delay: ({ name }: TracedInstance, point: string) =>
            list.find(({ data }) => data.name === name)?.delays[['initialize', 'start', 'stop'].indexOf(point)] ?? 0,
        };
        const began = clock.now();
        const set = list.map(({ data }) => ({
          unit: createTracedUnit(trace, data.name, '1.0.0', undefined, data),
          config: {},
        }));
        const applied = kernel.apply({ set });
        await clock.advance(60_000);
        const { tookMs } = await applied;
        expect(began).toBeLessThan(clock.now());
        const when = (name: string, point: string, edge: string) => at.get(`${name} ${point} ${edge}`) as number;
        expect(kernel.running).toHaveLength(list.length);
        const stopped = kernel.stop(1000);
        await clock.advance(60_000);
        await stopped;
        for (const { data } of list) {
          const on = [
            ...data.dependencies.map(({ name }) => name),
            ...data.needs
              .filter(({ mode }) => mode !== 'lazy')
              .map(({ serviceId }) => serviceId.split('.')[0] as string),
            ...list
              .map((other) => other.data)
              .filter((other) => phaseNumber(other.phase) < phaseNumber(data.phase))
              .map(({ name }) => name),
          ];
          for (const name of on) {
            for (const point of ['initialize', 'start']) {
              expect(when(name, point, 'end'), `${data.name} waits for ${name} in ${point}`).toBeLessThan(
                when(data.name, point, 'begin'),
              );
            }
            expect(when(data.name, 'stop', 'end'), `${name} outlives ${data.name}`).toBeLessThan(
              when(name, 'stop', 'begin'),
            );
            expect(when(data.name, 'dispose', 'end')).toBeLessThan(when(name, 'stop', 'begin'));
          }
        }
        // As long as the slowest chain through the graph, and not a moment longer.
        const chain = (step: number) => {
          let total = 0;
          for (const phase of PHASES) {
            const ends = new Map<string, number>();
            for (const { data, delays } of list.filter((item) => item.data.phase === phase)) {
              const waits = [
                ...data.dependencies.map(({ name }) => name),
                ...data.needs
                  .filter(({ mode }) => mode !== 'lazy')
                  .map(({ serviceId }) => serviceId.split('.')[0] as string),
              ];
              ends.set(data.name, (delays[step] ?? 0) + Math.max(0, ...waits.map((name) => ends.get(name) ?? 0)));
            }
            total += Math.max(0, ...ends.values());
          }
          return total;
        };
        expect(tookMs).toBe(chain(0) + chain(1));
        expect(clock.waiting).toBe(0);
      }),
      { numRuns: 40 },
    );
  }, 30_000);
});

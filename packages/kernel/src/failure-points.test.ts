import type { PluginData, PluginUnit } from '@backplane/ports';
import { describe, expect, it } from 'vitest';
import { createTestKernel, type TestKernel } from './testing/test-kernel.ts';
import { createTracedUnit, type Misstep, type Trace } from './testing/traced-unit.ts';

/** Steps of the version that is being made: each keeps it from serving. */
const OF_THE_NEW = ['create', 'initialize', 'provide', 'warm', 'start', 'health'] as const;
const HOWS = ['throws', 'hangs', 'late', 'gives up'] as const;

interface Stage {
  readonly host: TestKernel;
  readonly trace: Trace;
  make(version: string, misstep?: Misstep, extra?: Partial<PluginData>): PluginUnit;
}

function stage(): Stage {
  const trace: Trace = { instances: [] };
  const host = createTestKernel({
    parts: [
      {
        key: 'warmth',
        warm: async (instance) => {
          await trace.instances
            .findLast(({ name, version }) => {
              const { identity } = instance;
              return name === identity.name && version === identity.version;
            })
            ?.warm();
        },
        build: () => undefined,
      },
    ],
  });
  return { host, trace, make: (version, misstep, extra) => createTracedUnit(trace, 'x', version, misstep, extra) };
}

/** Moves time until the promise has settled. */
async function settled<T>({ clock }: TestKernel, promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  let done = false;
  const all = Promise.allSettled([promise]).then(([result]) => {
    done = true;
    return result as PromiseSettledResult<T>;
  });
  for (let turn = 0; turn < 100 && !done; turn++) await clock.advance(500);
  if (!done) throw new Error('it never settles');
  return all;
}

/** Nothing is left after the host has stopped, and everything that was made has ended once. */
async function leavesNothing({ host, trace }: Stage): Promise<void> {
  await settled(host, host.kernel.stop(1000));
  await settled(host, host.kernel.settled());
  // Steps that go wrong late have a timer of their own.
  await host.clock.advance(5000);
  expect(host.clock.waiting).toBe(0);
  expect(host.kernel.running).toEqual([]);
  for (const instance of trace.instances) {
    expect(instance.count('dispose'), `${instance.name} ${instance.version} disposed`).toBe(instance.created ? 1 : 0);
    expect(instance.count('stop'), `${instance.name} ${instance.version} stopped`).toBe(instance.started ? 1 : 0);
    expect(instance.effects, `${instance.name} ${instance.version} effects`).toBe(0);
  }
}

const neighbour = (trace: Trace) => createTracedUnit(trace, 'neighbour', '1.0.0');

describe.each(HOWS)('a step that %s', (how) => {
  it.each(OF_THE_NEW.filter((point) => point !== 'warm'))(
    'in %s of a first start fails that plugin alone',
    async (point) => {
      const s = stage();
      await settled(s.host, s.host.set(s.make('1.0.0', { point, how }), neighbour(s.trace)));
      expect(['failed', 'quarantined']).toContain(s.host.phase('x'));
      expect(s.host.phase('neighbour')).toBe('running');
      await settled(s.host, s.host.set(s.make('1.0.1')));
      expect(s.host.kernel.pluginStatus('x')).toMatchObject({ version: '1.0.1', state: { phase: 'running' } });
      expect(s.host.kernel.pluginStatus('neighbour').instance).toBe(1);
      await leavesNothing(s);
    },
  );

  for (const replace of ['beside', 'stop-first'] as const) {
    it.each(OF_THE_NEW)(`in %s of a replacement (${replace}) keeps the old version`, async (point) => {
      const s = stage();
      await settled(s.host, s.host.set(s.make('1.0.0', undefined, { replace }), neighbour(s.trace)));
      const result = await settled(s.host, s.host.set(s.make('2.0.0', { point, how }, { replace })));
      expect(result).toMatchObject({ value: { steps: [{ name: 'x', outcome: 'returned' }] } });
      const status = s.host.kernel.pluginStatus('x');
      expect(status).toMatchObject({
        version: '1.0.0',
        state: { phase: 'running' },
        lastChange: { outcome: 'returned' },
      });
      expect(s.host.kernel.pluginStatus('neighbour').instance).toBe(1);
      const before = s.trace.instances.findLast(({ version }) => version === '1.0.0')?.ticks ?? 0;
      await s.host.clock.advance(1000);
      expect(s.trace.instances.findLast(({ version }) => version === '1.0.0')?.ticks).toBeGreaterThan(before);
      await settled(s.host, s.host.set(s.make('3.0.0', undefined, { replace })));
      expect(s.host.kernel.pluginStatus('x')).toMatchObject({ version: '3.0.0', state: { phase: 'running' } });
      await leavesNothing(s);
    });

    it.each(OF_THE_NEW)(`in %s of one plugin of an atomic change (${replace}) changes nothing`, async (point) => {
      const s = stage();
      const other = (version: string) => createTracedUnit(s.trace, 'other', version, undefined, { replace });
      await settled(s.host, s.host.set(s.make('1.0.0'), other('1.0.0'), neighbour(s.trace)));
      const units = [other('2.0.0'), s.make('2.0.0', { point, how }), createTracedUnit(s.trace, 'added', '1.0.0')];
      const set = units.map((unit) => ({ unit, config: {} }));
      const result = await settled(s.host, s.host.kernel.apply({ set, atomic: true }));
      expect(result).toMatchObject({ reason: { code: 'BP_CHANGE_RETURNED' } });
      for (const name of ['x', 'other', 'neighbour']) {
        expect(s.host.kernel.pluginStatus(name)).toMatchObject({ version: '1.0.0', state: { phase: 'running' } });
      }
      for (const name of ['x', 'other']) {
        expect(s.host.kernel.pluginStatus(name).lastChange).toMatchObject({ outcome: 'returned', version: '1.0.0' });
      }
      expect(s.host.phase('added')).toBe('stopped');
      await settled(s.host, s.host.set(s.make('3.0.0'), other('3.0.0')));
      expect(s.host.kernel.pluginStatus('x').version).toBe('3.0.0');
      await leavesNothing(s);
    });

    const inTime = how === 'throws' || how === 'gives up';
    const outcome = inTime ? 'returned' : 'applied';
    it(`in quiesce of the old version (${replace}): the change is ${outcome}`, async () => {
      const s = stage();
      await settled(s.host, s.host.set(s.make('1.0.0', { point: 'quiesce', how, once: true }, { replace })));
      const result = await settled(s.host, s.host.set(s.make('2.0.0', undefined, { replace })));
      expect(result).toMatchObject({ value: { steps: [{ outcome }] } });
      await settled(s.host, s.host.kernel.settled());
      await s.host.clock.advance(300);
      const version = inTime ? '1.0.0' : '2.0.0';
      expect(s.host.kernel.pluginStatus('x')).toMatchObject({ version, state: { phase: 'running' } });
      await settled(s.host, s.host.set(s.make('3.0.0', undefined, { replace })));
      expect(s.host.kernel.pluginStatus('x').version).toBe('3.0.0');
      await leavesNothing(s);
    });
  }

  it.each(['stop', 'dispose', 'effect', 'quiesce'] as const)(
    'in %s of the end stands on the receipt and stops nobody else',
    async (point) => {
      const s = stage();
      await settled(s.host, s.host.set(s.make('1.0.0', { point, how }), neighbour(s.trace)));
      await settled(s.host, s.host.kernel.apply({ remove: ['x'] }));
      await settled(s.host, s.host.kernel.settled());
      expect(s.host.kernel.running).toEqual(['neighbour']);
      if (point !== 'quiesce') {
        const told = s.host.events.filter(({ plugin, level }) => plugin === 'x' && level === 'warn');
        expect(told.length).toBe(how === 'gives up' && point === 'effect' ? 0 : 1);
      }
      await settled(s.host, s.host.set(s.make('2.0.0', { point, how })));
      expect(s.host.phase('x')).toBe('running');
      await leavesNothing(s);
    },
  );

  it('in resume takes the instance out, and brings it back', async () => {
    const s = stage();
    await settled(s.host, s.host.set(s.make('1.0.0', { point: 'resume', how, once: true })));
    await s.host.clock.advance(1000);
    await settled(s.host, s.host.kernel.settled());
    await s.host.clock.advance(1000);
    expect(s.host.phase('x')).toBe('running');
    expect(s.host.kernel.pluginStatus('x').history.map(({ phase }) => phase)).toContain('failed');
    await leavesNothing(s);
  });
});

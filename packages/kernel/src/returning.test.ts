import { service } from '@backplane/plugin-api';
import type { GenerationPart, PluginUnit } from '@backplane/ports';
import { describe, expect, it } from 'vitest';
import { createTestKernel, unit } from './testing/test-kernel.ts';

const broken = (): never => {
  throw new Error('broken');
};
const ticking = (name: string, version: string, ticks: string[], fail: { now?: (reason: unknown) => void } = {}) =>
  unit({
    name,
    version,
    initialize(context) {
      fail.now = (reason) => context.fail(reason);
      context.scope.interval('tick', 100, () => void ticks.push(version));
    },
  });

describe('a change that cannot be made', () => {
  it('is returned whole when a part of the generation cannot be built, for each kind of change', async () => {
    let fault = false;
    const part: GenerationPart<unknown> = { key: 'mounts', build: () => (fault ? broken() : undefined) };
    const { kernel, clock, set } = createTestKernel({ parts: [part] });
    const ticks: string[] = [];
    const gentle = (version: string) => ticking('x', version, ticks);
    const port = (version: string) => unit({ name: 'port', version, replace: 'stop-first' });
    await set(gentle('1.0.0'), port('1.0.0'));
    fault = true;
    const expected = { code: 'BP_GENERATION_NOT_BUILT', details: { part: 'mounts', reason: 'broken' } };
    await expect(set(gentle('2.0.0'))).rejects.toMatchObject(expected);
    await expect(set(port('2.0.0'))).rejects.toMatchObject(expected);
    await expect(set(unit({ name: 'new' }))).rejects.toMatchObject(expected);
    await expect(kernel.apply({ remove: ['x'] })).rejects.toMatchObject(expected);
    expect(kernel.running).toEqual(['port', 'x']);
    for (const name of ['x', 'port']) {
      expect(kernel.pluginStatus(name)).toMatchObject({ version: '1.0.0', instance: 1, state: { phase: 'running' } });
    }
    await clock.advance(100);
    expect(ticks).toEqual(['1.0.0']);
    fault = false;
    await set(gentle('3.0.0'), port('3.0.0'));
    expect(kernel.pluginStatus('port').version).toBe('3.0.0');
    fault = true;
    const stopping = kernel.stop(1000);
    await clock.advance(1000);
    await stopping;
    expect(clock.waiting).toBe(0);
  });

  it('brings all back that was stopped first, also what only waited for the one that failed, and starts what was new', async () => {
    const { kernel, clock, set } = createTestKernel();
    const port = (name: string, version: string, on: string[], start = () => {}) =>
      unit({ name, version, replace: 'stop-first', dependencies: on, initialize: () => ({ start }) });
    await set(port('a', '1.0.0', []), port('b', '1.0.0', ['a']));
    const { steps } = await set(
      port('a', '2.0.0', [], broken),
      port('b', '2.0.0', ['a']),
      unit({ name: 'c', dependencies: ['b'] }),
    );
    expect(steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(['a returned', 'b applied', 'c applied']);
    expect(kernel.status().map(({ name, version }) => `${name} ${version}`)).toEqual(['a 1.0.0', 'b 2.0.0', 'c 1.0.0']);
    await clock.advance(0);
    expect(kernel.running).toEqual(['a', 'b', 'c']);
  });

  it('takes back the new version of what a returned version cannot live with', async () => {
    const { kernel, set } = createTestKernel();
    const app = (version: string, range: string, start = () => {}) =>
      unit({ name: 'app', version, dependencies: { lib: range }, initialize: () => ({ start }) });
    await set(unit({ name: 'lib' }), app('1.0.0', '^1.0.0'));
    const { steps } = await set(unit({ name: 'lib', version: '2.0.0' }), app('2.0.0', '^2.0.0', broken));
    expect(steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(['lib returned', 'app returned']);
    expect(kernel.status().map(({ version, state }) => `${version} ${state.phase}`)).toEqual([
      '1.0.0 running',
      '1.0.0 running',
    ]);
  });

  it.each([
    ['initialize', { initialize: broken }],
    ['start', { initialize: () => ({ start: broken }) }],
  ])('leaves dependents as they were that only fit a new version which fails in %s', async (_, fault) => {
    const { kernel, set } = createTestKernel();
    const app = (version: string, range: string, extra = {}) =>
      unit({ name: 'app', version, dependencies: { lib: range }, ...extra });
    const top = (version: string) => unit({ name: 'top', version, dependencies: { app: `^${version}` } });
    await set(unit({ name: 'lib' }), app('1.0.0', '^1.0.0'), top('1.0.0'));
    const lib = unit({ name: 'lib', version: '2.0.0', ...fault });
    const { steps } = await set(
      lib,
      app('2.0.0', '^2.0.0'),
      top('2.0.0'),
      unit({ name: 'new', dependencies: ['app'] }),
    );
    expect(steps.map(({ name, outcome }) => `${name} ${outcome}`).sort()).toEqual([
      'app returned',
      'lib returned',
      'new applied',
      'top returned',
    ]);
    for (const name of ['lib', 'app', 'top']) {
      expect(kernel.pluginStatus(name)).toMatchObject({ version: '1.0.0', instance: 1, state: { phase: 'running' } });
    }
    expect(kernel.pluginStatus('app').lastChange).toMatchObject({
      outcome: 'returned',
      failure: { code: 'BP_DEPENDENCY_VERSION' },
    });
  });

  it('is returned when the state to hand over could not cross to another process', async () => {
    for (const replace of ['beside', 'stop-first'] as const) {
      const { kernel, set } = createTestKernel();
      const counter = (version: string, state: unknown) =>
        unit({ name: 'counter', version, replace, initialize: () => ({ handOver: () => state }) });
      await set(counter('1.0.0', { list: [{ act: () => {} }] }));
      const { steps } = await set(counter('2.0.0', 1));
      expect(steps).toMatchObject([{ outcome: 'returned', failure: { code: 'BP_HANDOVER_NOT_CLONEABLE' } }]);
      expect(steps[0]?.failure?.message).toContain('.list[0].act');
      expect(kernel.pluginStatus('counter')).toMatchObject({ instance: 1, state: { phase: 'running' } });
    }
  });

  it('is bounded when a plugin waits in a step or a tick for the change that waits for it', async () => {
    const { kernel, clock, set } = createTestKernel();
    const codes: string[] = [];
    const again = (version: string): PluginUnit =>
      unit({
        name: 'x',
        version,
        initialize: (context) => {
          context.scope.timeout('once', 10, async () => {
            if (version !== '1.0.0') return;
            const { steps } = await set(again('2.0.0'));
            codes.push(steps[0]?.failure?.code ?? 'applied');
          });
          return { start: () => (version === '3.0.0' ? set(again('4.0.0')).then(() => {}) : undefined) };
        },
      });
    await set(again('1.0.0'));
    await clock.advance(10_000);
    expect(codes).toEqual(['applied']);
    expect(kernel.pluginStatus('x').version).toBe('2.0.0');
    const applied = set(again('3.0.0'));
    await clock.advance(10_000);
    expect(await applied).toMatchObject({ steps: [{ outcome: 'returned', failure: { code: 'BP_STEP_TIMEOUT' } }] });
    await kernel.settled();
    expect(kernel.pluginStatus('x').version).toBe('4.0.0');
  });
});

describe('an instance that fails by itself', () => {
  it('between its activation and the swap never comes to serve', async () => {
    const ticks: string[] = [];
    const fail: { now?: (reason: unknown) => void } = {};
    const { kernel, clock, set } = createTestKernel();
    await set(ticking('x', '1.0.0', ticks));
    const slow = unit({
      name: 'y',
      phase: 'business',
      initialize: () => ({
        start: async () => {
          await new Promise<void>((resolve) => void clock.after(500, resolve));
          fail.now?.(new Error('lost'));
        },
      }),
    });
    const changed = set(ticking('x', '2.0.0', ticks, fail), slow);
    await clock.advance(500);
    const { steps } = await changed;
    expect(steps).toMatchObject([
      { name: 'x', outcome: 'returned', failure: { code: 'BP_PLUGIN_FAILED' } },
      { outcome: 'applied' },
    ]);
    await clock.advance(100);
    expect(ticks).toEqual(['1.0.0']);
    expect(kernel.pluginStatus('x').state.phase).toBe('running');
  });

  it('in answering for its health, twice, and while it drains, is taken out once', async () => {
    const { kernel, clock, set } = createTestKernel();
    let fail = (_: unknown) => {};
    const sick = (version: string) =>
      unit({
        name: 'x',
        version,
        initialize: (context) => {
          let asked = 0;
          if (version === '1.0.0') fail = (reason) => context.fail(reason);
          return {
            health: () => {
              if (asked++ > 0) for (const reason of ['once', 'twice']) context.fail(new Error(reason));
              return true;
            },
          };
        },
      });
    await set(sick('1.0.0'));
    await kernel.health('x');
    await kernel.settled();
    expect(kernel.pluginStatus('x')).toMatchObject({ state: { phase: 'failed', crashes: 1 } });
    await clock.advance(250);
    await kernel.settled();
    await set(sick('2.0.0'));
    fail(new Error('too late'));
    await kernel.settled();
    expect(kernel.pluginStatus('x')).toMatchObject({ version: '2.0.0', state: { phase: 'running' } });
  });

  it('has no timers any more, nor have those who depend on it, while their calls still drain', async () => {
    const ticks: string[] = [];
    const fail: { now?: (reason: unknown) => void } = {};
    const held = service<{ hold(): Promise<void> }>('dependent.held');
    const { kernel, clock, set } = createTestKernel();
    const dependent = unit({
      name: 'dependent',
      dependencies: ['x'],
      provides: [held],
      initialize(context) {
        context.provide(held, { hold: () => new Promise(() => {}) });
        context.scope.interval('tick', 100, () => void ticks.push('dependent'));
      },
    });
    await set(ticking('x', '1.0.0', ticks, fail), dependent);
    void kernel.callService('dependent.held', 'hold', []);
    fail.now?.(new Error('lost'));
    await clock.advance(240);
    expect(ticks).toEqual([]);
    expect(kernel.pluginStatus('dependent').draining).toHaveLength(1);
  });
});

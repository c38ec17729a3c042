import { describe, expect, it } from 'vitest';
import { buy, inventory, type Stock, shop, stock } from './testing/shop.ts';
import { createTestKernel, unit } from './testing/test-kernel.ts';

describe('changes', () => {
  const failing = {
    'throws in initialize': {
      initialize: () => {
        throw new Error('broken');
      },
    },
    'hangs in initialize': { initialize: () => new Promise<never>(() => {}) },
    'throws in start': {
      initialize: (context: { provide: (ref: typeof stock, impl: Stock) => void }) => {
        context.provide(stock, { reserve: async (sku) => sku });
        return {
          start: () => {
            throw new Error('broken');
          },
        };
      },
    },
    'hangs in start': {
      initialize: (context: { provide: (ref: typeof stock, impl: Stock) => void }) => {
        context.provide(stock, { reserve: async (sku) => sku });
        return { start: () => new Promise<never>(() => {}) };
      },
    },
    'is unhealthy': {
      initialize: (context: { provide: (ref: typeof stock, impl: Stock) => void }) => {
        context.provide(stock, { reserve: async (sku) => sku });
        return { health: () => ({ healthy: false, message: 'broken' }) };
      },
    },
    'does not provide what it declares': { initialize: () => {} },
  };
  for (const [how, extra] of Object.entries(failing)) {
    it(`keeps serving the old version when the new one ${how}, with its timers resumed and the reason in the status`, async () => {
      let ticks = 0;
      const { kernel, clock, set } = createTestKernel();
      await set(
        shop(),
        unit({
          name: 'inventory',
          provides: [stock],
          initialize(context) {
            context.provide(stock, { reserve: async () => 'old' });
            context.scope.interval('count', 100, () => {
              ticks++;
            });
          },
        }),
      );
      await clock.advance(100);
      expect(ticks).toBe(1);
      const changed = set(inventory('2.0.0', extra as never));
      await clock.advance(5000);
      const report = await changed;
      const before = ticks;
      expect(report.steps).toMatchObject([{ name: 'inventory', action: 'replace', outcome: 'returned' }]);
      expect(await buy(kernel)).toBe('old');
      expect(kernel.pluginStatus('inventory')).toMatchObject({
        version: '1.0.0',
        state: { phase: 'running' },
        lastChange: {
          outcome: 'returned',
          failure: { message: expect.stringMatching(/broken|did not finish|without providing/) },
        },
      });
      await clock.advance(100);
      expect(ticks).toBe(before + 1);
    });
  }

  it('hands over state that was taken after the old version had quiesced', async () => {
    const counter = (version: string) =>
      unit({
        name: 'counter',
        version,
        initialize(context) {
          let count = 0;
          context.scope.interval('count', 10, () => {
            count++;
          });
          return {
            start(handover) {
              count = (handover.state as number | undefined) ?? 0;
            },
            handOver: () => count,
            health: () => ({ status: 'healthy', count }),
          };
        },
      });
    const { kernel, clock, set } = createTestKernel();
    await set(counter('1.0.0'));
    await clock.advance(55);
    await set(counter('1.1.0'));
    await clock.advance(20);
    expect((await kernel.health('counter')).details).toEqual({ count: 7 });
  });

  it.each([
    ['fails', 'BP_HANDOVER_FAILED', () => Promise.reject(new Error('no disk'))],
    ['cannot be cloned', 'BP_HANDOVER_NOT_CLONEABLE', () => ({ open() {} })],
  ])('keeps a version whose state %s, and replaces it without that when asked again', async (_, code, handOver) => {
    const heard: unknown[] = [];
    const keeper = (version: string) =>
      unit({
        name: 'keeper',
        version,
        initialize: () => ({ handOver, start: (handover) => void heard.push(handover.state) }),
      });
    const { kernel, set, events } = createTestKernel();
    await set(keeper('1.0.0'));
    await expect(set(keeper('2.0.0'))).resolves.toMatchObject({ steps: [{ outcome: 'returned', failure: { code } }] });
    expect(kernel.pluginStatus('keeper')).toMatchObject({ version: '1.0.0', state: { phase: 'running' } });
    await set(keeper('2.0.0'));
    expect(kernel.pluginStatus('keeper')).toMatchObject({ version: '2.0.0', state: { phase: 'running' } });
    expect(heard).toEqual([undefined, undefined]);
    expect(events.map(({ message }) => message)).toContain(
      '1.0.0 could not hand over its state for the second time; it is replaced without handing over its state',
    );
  });

  it('refuses a version that a running dependent cannot live with', async () => {
    const { kernel, set } = createTestKernel();
    await set(unit({ name: 'shop', dependencies: { inventory: '^1.0.0' } }), inventory('1.0.0'));
    await expect(set(inventory('2.0.0'))).rejects.toMatchObject({ code: 'BP_CHANGE_BREAKS_DEPENDENTS' });
    expect(kernel.pluginStatus('inventory')).toMatchObject({ version: '1.0.0', state: { phase: 'running' } });
    expect(kernel.pluginStatus('shop').state.phase).toBe('running');
  });

  it('stops the dependents of a removed plugin with the reason, and starts them when it is back', async () => {
    const { kernel, set, phase } = createTestKernel();
    await set(shop(), inventory('1.0.0'));
    await kernel.apply({ remove: ['inventory'] });
    expect(phase('shop')).toBe('refused');
    expect(kernel.pluginStatus('shop').reason).toContain('inventory.stock');
    await set(inventory('1.0.0'));
    expect(phase('shop')).toBe('running');
  });

  it('takes an atomic change back whole', async () => {
    const { kernel, set } = createTestKernel();
    await set(shop(), inventory('1.0.0'));
    const generation = kernel.generation;
    const bad = unit({
      name: 'bad',
      initialize: () => {
        throw new Error('broken');
      },
    });
    const change = [inventory('1.1.0'), bad].map((u) => ({ unit: u, config: {} }));
    await expect(kernel.apply({ set: change, atomic: true })).rejects.toMatchObject({ code: 'BP_CHANGE_RETURNED' });
    expect(kernel.generation).toBe(generation);
    expect(await buy(kernel)).toBe('book from 1.0.0');
  });

  it('shows in a plan what apply then does', async () => {
    const { kernel, set } = createTestKernel();
    await set(shop(), inventory('1.0.0'));
    const change = {
      set: [
        { unit: inventory('1.1.0'), config: {} },
        { unit: unit({ name: 'new' }), config: {} },
      ],
    };
    const plan = kernel.plan(change);
    expect(plan).toMatchObject([
      { name: 'inventory', action: 'replace', fromVersion: '1.0.0', toVersion: '1.1.0' },
      { name: 'new', action: 'add' },
    ]);
    const { steps } = await kernel.apply(change);
    expect(steps.map(({ name, action, outcome }) => ({ name, action, outcome }))).toEqual(
      plan.map(({ name, action }) => ({ name, action, outcome: 'applied' })),
    );
  });
});

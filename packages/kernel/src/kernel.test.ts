import { lazy, optional, service } from '@backplane/plugin-api';
import { describe, expect, it } from 'vitest';
import { createTestKernel, unit } from './testing/test-kernel.ts';

interface Stock {
  reserve(sku: string): Promise<string>;
}
const stock = service<Stock>('inventory.stock');

const inventory = (version: string, extra: Partial<Parameters<typeof unit>[0]> = {}) =>
  unit({
    name: 'inventory',
    version,
    provides: [stock],
    initialize(context) {
      context.provide(stock, { reserve: async (sku) => `${sku} from ${version}` });
    },
    ...extra,
  });

interface Shop {
  buy(sku: string): Promise<string>;
}
const shopService = service<Shop>('shop.counter');

const shop = (version = '1.0.0') =>
  unit({
    name: 'shop',
    version,
    needs: { stock },
    provides: [shopService],
    initialize(context) {
      context.provide(shopService, { buy: (sku) => context.services.stock.reserve(sku) });
    },
  });

const buy = (kernel: { callService: (...args: [string, string, unknown[]]) => Promise<unknown> }) =>
  kernel.callService('shop.counter', 'buy', ['book']);

describe('the life of plugins', () => {
  it('starts plugins in order of dependencies and phases, and stops them in reverse', async () => {
    const order: string[] = [];
    const traced = (name: string, more: object = {}) =>
      unit({
        name,
        ...more,
        initialize: () => ({
          start: () => void order.push(`start ${name}`),
          stop: () => void order.push(`stop ${name}`),
        }),
      });
    const { kernel, set } = createTestKernel();
    await set(
      traced('web', { dependencies: ['orders'] }),
      traced('orders', { dependencies: { database: '^1.0.0' } }),
      traced('auth', { phase: 'security' }),
      traced('database', { phase: 'infrastructure' }),
    );
    expect(kernel.running).toEqual(['database', 'auth', 'orders', 'web']);
    await kernel.stop(1000);
    expect(order).toEqual([
      'start database',
      'start auth',
      'start orders',
      'start web',
      'stop web',
      'stop orders',
      'stop auth',
      'stop database',
    ]);
  });

  it('calls a service of another plugin through a handle', async () => {
    const { kernel, set } = createTestKernel();
    await set(shop(), inventory('1.0.0'));
    expect(await buy(kernel)).toBe('book from 1.0.0');
  });

  it('lets a kept consumer see the new provider without restarting it', async () => {
    const { kernel, set } = createTestKernel();
    await set(shop(), inventory('1.0.0'));
    const before = kernel.pluginStatus('shop').instance;
    await set(inventory('1.1.0'));
    expect(await buy(kernel)).toBe('book from 1.1.0');
    expect(kernel.pluginStatus('shop').instance).toBe(before);
  });

  it('isolates a failing plugin: its dependents wait with the reason, the others run', async () => {
    const { kernel, set, phase } = createTestKernel();
    await set(
      shop(),
      inventory('1.0.0', {
        initialize: () => {
          throw new Error('no shelf');
        },
      }),
      unit({ name: 'other' }),
    );
    expect(phase('inventory')).toBe('failed');
    expect(phase('shop')).toBe('blocked');
    expect(kernel.pluginStatus('shop').reason).toContain('"inventory"');
    expect(phase('other')).toBe('running');
  });

  it('starts a failed plugin and what waited for it when its time has come', async () => {
    let broken = true;
    const { kernel, clock, set, phase } = createTestKernel();
    await set(
      shop(),
      unit({
        name: 'inventory',
        provides: [stock],
        initialize(context) {
          if (broken) throw new Error('not yet');
          context.provide(stock, { reserve: async (sku) => sku });
        },
      }),
    );
    expect(phase('shop')).toBe('blocked');
    broken = false;
    await clock.advance(250);
    await kernel.settled();
    expect(phase('inventory')).toBe('running');
    expect(await buy(kernel)).toBe('book');
  });

  it('quarantines a plugin at its fifth crash, and tries it again when somebody asks', async () => {
    let attempts = 0;
    const { kernel, clock, set, phase } = createTestKernel();
    await set(
      unit({
        name: 'sick',
        initialize: () => {
          attempts++;
          if (attempts <= 5) throw new Error('still sick');
        },
      }),
    );
    await clock.advance(250 + 500 + 1000 + 2000);
    await kernel.settled();
    expect(attempts).toBe(5);
    expect(phase('sick')).toBe('quarantined');
    await clock.advance(600_000);
    expect(attempts).toBe(5);
    await kernel.apply({ force: ['sick'] });
    expect(phase('sick')).toBe('running');
  });

  it('takes a running plugin out when it says that it cannot go on, with its dependents, and brings both back', async () => {
    let giveUp = (_: unknown) => {};
    const { kernel, clock, set, phase } = createTestKernel();
    await set(
      shop(),
      unit({
        name: 'inventory',
        provides: [stock],
        initialize(context) {
          giveUp = (reason) => context.fail(reason);
          context.provide(stock, { reserve: async (sku) => sku });
        },
      }),
    );
    giveUp(new Error('lost the warehouse'));
    await kernel.settled();
    expect(phase('inventory')).toBe('failed');
    expect(kernel.pluginStatus('inventory').reason).toContain('lost the warehouse');
    expect(phase('shop')).toBe('blocked');
    await clock.advance(250);
    await kernel.settled();
    expect(phase('shop')).toBe('running');
  });

  it('names the plugin and the step that took too long', async () => {
    const { kernel, clock, set, phase } = createTestKernel();
    const applied = set(unit({ name: 'slow', initialize: () => new Promise(() => {}) }));
    await clock.advance(1000);
    await applied;
    expect(phase('slow')).toBe('failed');
    expect(kernel.pluginStatus('slow').reason).toMatch(
      /Plugin "slow" 1\.0\.0 did not finish initialize within 1000 ms/,
    );
  });

  it('gives no handle for an optional service that nobody provides', async () => {
    const seen: unknown[] = [];
    const { set } = createTestKernel();
    await set(
      unit({
        name: 'shop',
        needs: { stock: optional(stock) },
        initialize(context) {
          seen.push(context.services.stock);
        },
      }),
    );
    expect(seen).toEqual([undefined]);
  });

  it('lets two plugins call each other through lazy needs, and refuses to do so without end', async () => {
    interface Ping {
      ping(left: number): Promise<number>;
    }
    const a = service<Ping>('a.ping');
    const b = service<Ping>('b.ping');
    const player = (name: string, own: typeof a, other: typeof a) =>
      unit({
        name,
        provides: [own],
        needs: { other: lazy(other) },
        initialize(context) {
          context.provide(own, {
            ping: async (left) => (left === 0 ? 0 : 1 + (await context.services.other.ping(left - 1))),
          });
        },
      });
    const { kernel, set } = createTestKernel();
    await set(player('a', a, b), player('b', b, a));
    expect(await kernel.callService('a.ping', 'ping', [10])).toBe(10);
    await expect(kernel.callService('a.ping', 'ping', [100])).rejects.toMatchObject({ code: 'BP_CALL_TOO_DEEP' });
  });

  it('refuses calls in initialize, arguments that could not cross a process, and methods that are not there', async () => {
    const problems: unknown[] = [];
    const { set } = createTestKernel();
    await set(
      inventory('1.0.0'),
      unit({
        name: 'shop',
        needs: { stock },
        async initialize(context) {
          await context.services.stock.reserve('x').catch((error) => problems.push(error.code));
          return {
            async start() {
              const { stock } = context.services;
              await stock.reserve((() => {}) as never).catch((error) => problems.push(error.code));
              await (stock as never as { steal(): Promise<void> }).steal().catch((error) => problems.push(error.code));
            },
          };
        },
      }),
    );
    expect(problems).toEqual(['BP_CALL_BEFORE_START', 'BP_NOT_CLONEABLE', 'BP_METHOD_MISSING']);
  });
});

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

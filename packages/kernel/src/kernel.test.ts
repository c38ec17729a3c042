import { lazy, optional, service } from '@backplane/plugin-api';
import { describe, expect, it } from 'vitest';
import { buy, inventory, shop, stock } from './testing/shop.ts';
import { createTestKernel, unit } from './testing/test-kernel.ts';

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

  it('gives a context that may be taken apart, provide() and fail() included', async () => {
    let failNow: (reason: unknown) => void = () => {};
    const { kernel, set, phase } = createTestKernel();
    const taken = inventory('1.0.0', {
      initialize: ({ provide, fail }) => {
        provide(stock, { reserve: async (sku) => `${sku} from afar` });
        failNow = fail;
      },
    });
    await set(shop(), taken);
    expect(await buy(kernel)).toBe('book from afar');
    failNow('no shelf');
    await kernel.settled();
    expect(phase('inventory')).toBe('failed');
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

  it('tells once of a plugin whose dependency is missing and of those that wait for it, however many changes follow', async () => {
    const { events, set, phase } = createTestKernel();
    await set(unit({ name: 'lonely', dependencies: ['nobody'] }), unit({ name: 'behind', dependencies: ['lonely'] }));
    await set(unit({ name: 'other' }));
    expect([phase('lonely'), phase('behind')]).toEqual(['refused', 'blocked']);
    const told = events.filter(({ plugin }) => plugin !== 'other');
    expect(told.map(({ level, plugin }) => `${level} ${plugin}`).sort()).toEqual(['error lonely', 'warn behind']);
    expect(told.find(({ plugin }) => plugin === 'lonely')?.message).toContain(
      'depends on "nobody", which is not there',
    );
    await set(unit({ name: 'lonely', dependencies: ['nobody else'] }));
    expect(events.filter(({ plugin }) => plugin === 'lonely')).toHaveLength(2);
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
    const applied = set(unit({ name: 'slow', initialize: () => new Promise<void>(() => {}) }));
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

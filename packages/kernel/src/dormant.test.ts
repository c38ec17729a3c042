import { lazy, optional, service } from '@backplane/plugin-api';
import type { PluginUnit } from '@backplane/ports';
import { describe, expect, it } from 'vitest';
import { buy, inventory, type Stock, shop, stock } from './testing/shop.ts';
import { createTestKernel, unit } from './testing/test-kernel.ts';

/** The same, to be started at its first use. */
const lazily = (eager: PluginUnit): PluginUnit => ({ ...eager, data: { ...eager.data, autoLoad: false } });

const clerks = service<{ ask(): Promise<string> }>('clerk.desk');

/** Calls the inventory when it is asked, and holds a handle on it without depending on it. */
const clerk = (need: typeof lazy | typeof optional, start?: (ask: () => Promise<string>) => Promise<unknown>) =>
  unit({
    name: 'clerk',
    needs: { stock: need(stock) },
    provides: [clerks],
    initialize(context) {
      const { stock: found } = context.services as { readonly stock: Stock | undefined };
      const ask = async () => (await found?.reserve('book')) ?? 'nothing there';
      context.provide(clerks, { ask });
      return { start: start && (() => start(ask)) };
    },
  } as Parameters<typeof unit>[0]);

describe('a plugin that starts at its first use', () => {
  it('does not start with the host, has no step in the plan, and is healthy meanwhile', async () => {
    const { kernel, phase, set } = createTestKernel();
    expect(await set(lazily(inventory('1.0.0')))).toMatchObject({ steps: [] });
    expect(phase('inventory')).toBe('dormant');
    expect(kernel.running).toEqual([]);
    expect(await kernel.health('inventory')).toMatchObject({
      status: 'healthy',
      message: expect.stringContaining('first use'),
    });
    expect(kernel.plan({})).toEqual([]);
  });

  it('starts once when it is called from outside, whoever calls at the same time, and stays', async () => {
    const { kernel, phase, set } = createTestKernel();
    await set(lazily(inventory('1.0.0')));
    const reserve = () => kernel.callService('inventory.stock', 'reserve', ['book']);
    expect(await Promise.all([reserve(), reserve(), reserve()])).toEqual(Array(3).fill('book from 1.0.0'));
    expect(kernel.pluginStatus('inventory')).toMatchObject({ instance: 1, state: { phase: 'running' } });
    await set(lazily(inventory('1.1.0')));
    expect(phase('inventory')).toBe('running');
    expect(await reserve()).toBe('book from 1.1.0');
  });

  it('starts with one that cannot do without it, and with that one only when it starts', async () => {
    const { kernel, phase, set } = createTestKernel();
    await set(lazily(inventory('1.0.0')), shop());
    expect([phase('inventory'), phase('shop')]).toEqual(['running', 'running']);

    const other = createTestKernel();
    await other.set(lazily(inventory('1.0.0')), lazily(shop()));
    expect([other.phase('inventory'), other.phase('shop')]).toEqual(['dormant', 'dormant']);
    expect(await buy(other.kernel)).toBe('book from 1.0.0');
    expect([other.phase('inventory'), other.phase('shop')]).toEqual(['running', 'running']);
    await kernel.stop(1000);
  });

  it.each([
    ['optional', optional],
    ['lazy', lazy],
  ])('starts at the call of one with an %s need', async (_, need) => {
    const { kernel, phase, set } = createTestKernel();
    await set(lazily(inventory('1.0.0')), clerk(need as typeof lazy));
    expect(phase('inventory')).toBe('dormant');
    expect(await kernel.callService('clerk.desk', 'ask', [])).toBe('book from 1.0.0');
    expect(phase('inventory')).toBe('running');
  });

  it('cannot be called by one that is starting: the change would wait for the next', async () => {
    const { kernel, phase, set } = createTestKernel();
    let heard: unknown;
    await set(
      lazily(inventory('1.0.0')),
      clerk(lazy, async (ask) => {
        heard = await ask().catch((error) => error.code);
      }),
    );
    expect(heard).toBe('BP_SERVICE_UNAVAILABLE');
    expect([phase('clerk'), phase('inventory')]).toEqual(['running', 'dormant']);
    await kernel.stop(1000);
  });

  it('says before it is used what is wrong with it', async () => {
    const { phase, set } = createTestKernel();
    await set(lazily(shop()));
    expect(phase('shop')).toBe('refused');
    await set(lazily(unit({ name: 'inventory', dependencies: ['nobody'], provides: [stock] })));
    expect([phase('inventory'), phase('shop')]).toEqual(['refused', 'blocked']);
  });

  it('is tried again like any other where its first start fails', async () => {
    const { kernel, clock, phase, set } = createTestKernel();
    let starts = 0;
    const failing = inventory('1.0.0', {
      initialize(context) {
        starts++;
        if (starts === 1) throw new Error('no shelf');
        context.provide(stock, { reserve: async (sku) => sku });
      },
    });
    await set(lazily(failing));
    await expect(kernel.callService('inventory.stock', 'reserve', ['book'])).rejects.toMatchObject({
      code: 'BP_SERVICE_UNAVAILABLE',
    });
    expect(phase('inventory')).toBe('failed');
    await clock.advance(60_000);
    await kernel.settled();
    expect(phase('inventory')).toBe('running');
  });

  it('is dormant again after it was switched off and on, and starts when it is reloaded', async () => {
    const { kernel, phase, set } = createTestKernel();
    const one = lazily(inventory('1.0.0'));
    await set(one);
    await kernel.apply({ force: ['inventory'] });
    expect(phase('inventory')).toBe('running');
    await kernel.apply({ disable: [{ name: 'inventory', origin: '', reason: 'off' }] });
    await set(one);
    expect(phase('inventory')).toBe('dormant');
    await kernel.wake('inventory');
    expect(phase('inventory')).toBe('running');
    await kernel.wake('inventory');
    expect(kernel.pluginStatus('inventory').instance).toBe(2);
  });

  it('goes on running when it is told afterwards when to start', async () => {
    const { kernel, phase, set } = createTestKernel();
    const eager = inventory('1.0.0');
    await set(eager);
    expect(await set(lazily(eager))).toMatchObject({ steps: [] });
    expect(phase('inventory')).toBe('running');
    await kernel.apply({ disable: [{ name: 'inventory', origin: '', reason: 'off' }] });
    await set(lazily(eager));
    expect(await set(eager)).toMatchObject({ steps: [{ name: 'inventory', action: 'add' }] });
  });

  it('is dormant again when the change fails that had started it', async () => {
    const { kernel, phase, set } = createTestKernel();
    await set(lazily(inventory('1.0.0')));
    const bad = unit({
      name: 'shop',
      needs: { stock },
      initialize() {
        throw new Error('no counter');
      },
    });
    const change = kernel.apply({ set: [{ unit: bad, config: {} }], atomic: true });
    await expect(change).rejects.toMatchObject({ code: 'BP_CHANGE_RETURNED' });
    expect(phase('inventory')).toBe('dormant');
  });

  it('is not started by a host that is stopping', async () => {
    const { kernel, set } = createTestKernel();
    await set(lazily(inventory('1.0.0')));
    const stopping = kernel.stop(1000);
    await expect(kernel.callService('inventory.stock', 'reserve', ['x'])).rejects.toMatchObject({
      code: 'BP_SERVICE_UNAVAILABLE',
    });
    await stopping;
  });
});

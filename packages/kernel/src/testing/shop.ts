import { service } from '@backplane/plugin-api';
import { unit } from './test-kernel.ts';

/** What the inventory offers and the shop needs. */
export interface Stock {
  reserve(sku: string): Promise<string>;
}
export const stock = service<Stock>('inventory.stock');

export const inventory = (version: string, extra: Partial<Parameters<typeof unit>[0]> = {}) =>
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

export const shop = (version = '1.0.0') =>
  unit({
    name: 'shop',
    version,
    needs: { stock },
    provides: [shopService],
    initialize(context) {
      context.provide(shopService, { buy: (sku) => context.services.stock.reserve(sku) });
    },
  });

export const buy = (kernel: { callService: (...args: [string, string, unknown[]]) => Promise<unknown> }) =>
  kernel.callService('shop.counter', 'buy', ['book']);

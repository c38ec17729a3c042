/**
 * A dispatch through 1, 10 and 100 handlers beside Tapable, hookable, @wordpress/hooks and a loop by hand: a synchronous filter, and an action of asynchronous handlers.
 * An operation is many dispatches, each through another value; a row's figure is that of all of them.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, type ExtensionPoint, extensionPoint, type Hook, type Plugin } from '@backplane/plugin-api';
import { createHost } from '@backplane/runtime';
import { createHooks as createWordpressHooks } from '@wordpress/hooks';
import { createHooks } from 'hookable';
import { AsyncSeriesHook, AsyncSeriesWaterfallHook, SyncWaterfallHook } from 'tapable';
import { defineBenchmark, type Harness } from './harness.ts';

interface Order {
  sum: number;
}
type Handler = (order: Order) => unknown;

const COUNTS = [1, 10, 100];

/** Each handler is code of its own, as those of plugins are. */
const syncHandler = (index: number): Handler =>
  new Function('order', `order.sum = (order.sum * 31 + ${index + 1}) | 0; return order;`) as Handler;
const asyncHandler = (index: number): Handler =>
  new Function(`return async (order) => { order.sum = (order.sum * 31 + ${index + 1}) | 0; };`)();

/** A loop of its own for each variant: one that all share would know none of their functions. */
let loops = 0;
function loop(call: (order: Order) => unknown, times: number): () => unknown {
  loops++;
  const text = `/* ${loops} */ const order = { sum: 1 }; return () => { for (let i = 0; i < times; i++) call(order); return order.sum; };`;
  return new Function('call', 'times', text)(call, times);
}
function awaiting(call: (order: Order) => unknown, times: number): () => Promise<unknown> {
  loops++;
  const text = `/* ${loops} */ const order = { sum: 1 }; return async () => { for (let i = 0; i < times; i++) await call(order); return order.sum; };`;
  return new Function('call', 'times', text)(call, times);
}

type Kind = 'filter' | 'mixed' | 'action';
const PARAMETERS = { parameters: { order: 'Order' } };
const POINTS: Readonly<Record<Kind, (count: number) => ExtensionPoint>> = {
  filter: (count) =>
    extensionPoint<(order: Order) => Order>(`bench.filter-${count}`, 'filter', { ...PARAMETERS, sync: true }),
  mixed: (count) => extensionPoint<(order: Order) => Order>(`bench.mixed-${count}`, 'filter', PARAMETERS),
  action: (count) =>
    extensionPoint<(order: Order) => Promise<void>>(`bench.action-${count}`, 'action', {
      ...PARAMETERS,
      failure: 'stop',
    }),
};
const MAKERS: Readonly<Record<Kind, (index: number) => Handler>> = {
  filter: syncHandler,
  mixed: syncHandler,
  action: asyncHandler,
};
const KINDS = Object.keys(POINTS) as Kind[];

const hooks = new Map<string, Hook>();

const owner = definePlugin({
  name: 'owner',
  version: '1.0.0',
  initialize({ extensionPoints }) {
    for (const kind of KINDS)
      for (const count of COUNTS)
        hooks.set(`${kind} ${count}`, extensionPoints.registerExtensionPoint(POINTS[kind](count)));
  },
});

const guest = (index: number): Plugin =>
  definePlugin({
    name: `guest-${index}`,
    version: '1.0.0',
    initialize({ extensionPoints }) {
      for (const kind of KINDS)
        for (const count of COUNTS)
          if (index < count) extensionPoints.registerHandler(POINTS[kind](count).name, MAKERS[kind](index));
    },
  });

const hookOf = (kind: Kind, count: number): Hook => hooks.get(`${kind} ${count}`) as Hook;

async function compareFilter(harness: Harness, count: number): Promise<number> {
  const times = 100_000 / count;
  const handlers = Array.from({ length: count }, (_, index) => syncHandler(index));
  const hook = hookOf('filter', count);
  const tapable = new SyncWaterfallHook<[Order]>(['order']);
  for (const [index, handler] of handlers.entries()) tapable.tap(`p${index}`, handler as never);
  const wordpress = createWordpressHooks();
  for (const [index, handler] of handlers.entries()) wordpress.addFilter('filter', `p${index}`, handler as never);
  const hookable = createHooks<{ filter: (order: Order) => void }>();
  for (const handler of handlers) hookable.hook('filter', handler as never);
  const [ours, peer] = [`filter, ${count}`, `Tapable, ${count}`];
  const rows = await harness.compareCalls({
    baseline: peer,
    variants: {
      [peer]: loop((order) => tapable.call(order), times),
      [ours]: loop((order) => hook.dispatch(order), times),
      [`loop, ${count}`]: loop((order) => byHand(handlers, order), times),
      [`@wordpress/hooks, ${count}`]: loop((order) => wordpress.applyFilters('filter', order), times),
      [`hookable, ${count}`]: awaiting((order) => hookable.callHook('filter', order), times),
    },
  });
  return harness.ratio(rows, ours);
}

function byHand(handlers: readonly Handler[], order: Order): Order {
  let value = order;
  for (const handler of handlers) {
    const result = handler(value);
    if (result !== undefined) value = result as Order;
  }
  return value;
}

async function compareMixed(harness: Harness, count: number): Promise<number> {
  const times = 100_000 / count;
  const hook = hookOf('mixed', count);
  const tapable = new AsyncSeriesWaterfallHook<[Order]>(['order']);
  for (let index = 0; index < count; index++) tapable.tap(`p${index}`, syncHandler(index) as never);
  const [ours, peer] = [`awaited filter, sync, ${count}`, `Tapable, promise, ${count}`];
  const rows = await harness.compareCalls({
    baseline: peer,
    variants: {
      [peer]: awaiting((order) => tapable.promise(order), times),
      [ours]: awaiting((order) => hook.dispatch(order), times),
    },
  });
  return harness.ratio(rows, ours);
}

async function compareAction(harness: Harness, count: number): Promise<number> {
  const times = 20_000 / count;
  const handlers = Array.from({ length: count }, (_, index) => asyncHandler(index));
  const hook = hookOf('action', count);
  const tapable = new AsyncSeriesHook<[Order]>(['order']);
  for (const [index, handler] of handlers.entries()) tapable.tapPromise(`p${index}`, handler as never);
  const gather = async (order: Order) => {
    const results: unknown[] = [];
    for (const handler of handlers) results.push(await handler(order));
    return results;
  };
  const [ours, peer] = [`action, async, ${count}`, `loop, async, ${count}`];
  const rows = await harness.compareCalls({
    baseline: peer,
    variants: {
      [peer]: awaiting(gather, times),
      [ours]: awaiting((order) => hook.dispatch(order), times),
      [`Tapable, async, ${count}`]: awaiting((order) => tapable.promise(order), times),
    },
  });
  return harness.ratio(rows, ours);
}

export default defineBenchmark({
  name: 'hooks',
  description: 'a dispatch through 1, 10 and 100 handlers, beside Tapable, hookable, @wordpress/hooks and a loop',
  async run(harness) {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
    const host = await createHost({
      plugins: [owner, ...Array.from({ length: Math.max(...COUNTS) }, (_, index) => guest(index))],
      configDir: join(folder, 'config'),
      dataDir: join(folder, 'data'),
      environment: 'production',
      logLevel: 'error',
      listen: false,
    });
    await host.start();
    try {
      for (const count of COUNTS) {
        const measured = await compareFilter(harness, count);
        harness.promise({ text: `synchronous filter, ${count}: <= 1.2 x Tapable`, limit: 1.2, measured });
      }
      for (const count of COUNTS) {
        const measured = await compareMixed(harness, count);
        harness.promise({ text: `awaited, synchronous handlers, ${count}: <= 1.1 x Tapable`, limit: 1.1, measured });
      }
      for (const count of COUNTS) {
        const measured = await compareAction(harness, count);
        harness.promise({ text: `asynchronous handlers, ${count}: <= 1.1 x a loop`, limit: 1.1, measured });
      }
      return harness.report();
    } finally {
      await host.stop();
      await rm(folder, { recursive: true });
    }
  },
});

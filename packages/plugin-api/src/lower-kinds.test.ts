import { describe, expect, it } from 'vitest';
import { kindsOf } from './kinds.ts';
import { type KindContext, lowerKinds } from './lower-kinds.ts';

/** A context that notes what is registered with it. */
function noting() {
  const noted: unknown[][] = [];
  const note =
    (what: string) =>
    (...given: unknown[]) => {
      noted.push([what, ...given]);
      return { label: what, dispose: async () => {} };
    };
  const context = {
    plugin: { name: 'a', version: '1.0.0', instance: 1, level: 'inline' },
    http: { middleware: note('middleware') },
    events: { subscribe: note('subscribe') },
    health: { check: note('check') },
    metrics: { collect: note('collect') },
    registry: { watch: note('watch') },
  } as unknown as KindContext;
  return { context, noted };
}

describe('callbacks of kinds', () => {
  it('are registered as if their author had, each with its owner as this', async () => {
    const { context, noted } = noting();
    const owner = {
      id: 'owner',
      processRequest(this: { id: string }) {
        return this.id;
      },
      getMiddlewarePriority: () => 7,
      getEventSubscriptions: () => ({ 'a.b': 'hear', 'a.#': 'handleEvent', c: (event: { id: string }) => event.id }),
      hear(this: { id: string }, data: unknown, event: { id: string }) {
        return [this.id, data, event.id];
      },
      handleEvent(this: { id: string }, type: string, data: unknown) {
        return [this.id, type, data];
      },
      checkHealth(this: { id: string }) {
        return { healthy: true, by: this.id };
      },
      getHealthCheckInterval: () => 0.5,
      collectMetrics(this: { id: string }) {
        return { [this.id]: 1 };
      },
      getMetricDefinitions: () => ({ owner: { type: 'counter' } }),
      onServiceUnregister(this: { id: string }) {
        return this.id;
      },
    };
    lowerKinds(context, owner);
    expect(noted.map(([what]) => what)).toEqual([
      'middleware',
      'subscribe',
      'subscribe',
      'subscribe',
      'check',
      'collect',
      'watch',
    ]);
    const [middleware, byMethod, byPattern, byFunction, check, collect, watch] = noted as [
      [string, { priority: number; handle(): unknown }],
      [string, string, (event: object) => unknown],
      [string, string, (event: object) => unknown],
      [string, string, (event: object) => unknown],
      [string, string, object, () => unknown],
      [string, object, () => unknown],
      [string, Record<string, () => unknown>],
    ];
    const event = { id: '1', type: 'a.b', data: 2 };
    expect([middleware[1].priority, middleware[1].handle()]).toEqual([7, 'owner']);
    expect([byMethod[1], byMethod[2](event)]).toEqual(['a.b', ['owner', 2, '1']]);
    expect([byPattern[1], byPattern[2](event)]).toEqual(['a.#', ['owner', 'a.b', 2]]);
    expect([byFunction[1], byFunction[2](event)]).toEqual(['c', '1']);
    expect([check[1], check[2], await check[3]()]).toEqual([
      'health',
      { everyMs: 500 },
      { healthy: true, by: 'owner' },
    ]);
    expect([collect[1], await collect[2]()]).toEqual([{ owner: { type: 'counter' } }, { owner: 1 }]);
    expect(Object.keys(watch[1])).toEqual(['onServiceUnregister']);
    expect(watch[1].onServiceUnregister?.()).toBe('owner');
  });

  it('are nothing where there are none', () => {
    const { context, noted } = noting();
    lowerKinds(context, { start() {} });
    expect(noted).toEqual([]);
    expect(kindsOf({ start() {} })).toEqual([]);
  });

  it.each([
    [{ checkHealth: true }, '"checkHealth" is no function'],
    [{ getMiddlewarePriority: () => 1 }, 'a middleware priority needs "processRequest" beside it'],
    [{ handleEvent() {} }, '"handleEvent" needs "getEventSubscriptions" beside it'],
    [{ getHealthCheckInterval: () => 1 }, 'an interval of health checks needs "checkHealth" beside it'],
    [{ getMetricDefinitions: () => ({}) }, 'a definition of metrics needs "collectMetrics" beside it'],
    [{ getEventSubscriptions: () => ({ x: 'nowhere' }) }, 'maps "x" to "nowhere", and has no such method'],
    [{ getEventSubscriptions: () => ({ x: 'handleEvent' }) }, 'maps "x" to "handleEvent", and has no such method'],
  ])('are refused where one is missing or is none: %o', (owner, problem) => {
    expect(() => lowerKinds(noting().context, owner)).toThrow(problem);
  });

  it('say of which kinds a plugin is', () => {
    const all = {
      processRequest() {},
      onServiceDiscovery() {},
      handleEvent() {},
      checkHealth() {},
      collectMetrics() {},
    };
    expect(kindsOf(all)).toEqual(['event_handler', 'health', 'metrics', 'middleware', 'service']);
  });
});

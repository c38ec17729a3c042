import { service } from '@backplane/plugin-api';
import { describe, expect, it } from 'vitest';
import { createTestKernel, unit } from './testing/test-kernel.ts';

interface Store {
  save(what: string): Promise<void>;
}
const store = service<Store>('db.store');

function database(log: string[]) {
  return unit({
    name: 'db',
    provides: [store],
    limits: { drain: 0 },
    initialize(context) {
      context.provide(store, { save: async (what) => void log.push(`saved ${what}`) });
      return { stop: () => void log.push('db stopped') };
    },
  });
}

function writer(log: string[], stop: () => Promise<void> = async () => {}) {
  return unit({
    name: 'writer',
    needs: { store },
    initialize(context) {
      context.scope.add('last words', () => context.services.store.save('in the scope'));
      return {
        async stop() {
          await stop();
          await context.services.store.save('in stop');
          log.push('writer stopped');
        },
      };
    },
  });
}

describe('the end of a plugin', () => {
  const WHOLE = ['saved in stop', 'writer stopped', 'saved in the scope', 'db stopped'];

  it('may still call what it depends on, in stop and when its scope is undone', async () => {
    const log: string[] = [];
    const { kernel, clock, set } = createTestKernel();
    await set(database(log), writer(log));
    const stopped = kernel.stop(1000);
    await clock.advance(10);
    await stopped;
    expect(log).toEqual(WHOLE);
    expect(clock.waiting).toBe(0);
  });

  it('comes before that of what it depends on, also when that is removed by a later change and drains for no time at all', async () => {
    const log: string[] = [];
    const open = Promise.withResolvers<void>();
    const { kernel, clock, set } = createTestKernel();
    await set(
      database(log),
      writer(log, () => open.promise),
    );
    await kernel.apply({ remove: ['writer'] });
    await kernel.apply({ remove: ['db'] });
    await clock.advance(100);
    expect(log).toEqual([]);
    open.resolve();
    await clock.advance(0);
    await kernel.settled();
    expect(log).toEqual(WHOLE);
  });

  it('does not wait for a plugin that reaches it lazily', async () => {
    const ping = service<{ ping(): Promise<void> }>('a.ping');
    const log: string[] = [];
    const { kernel, clock, set } = createTestKernel();
    await set(
      unit({
        name: 'a',
        provides: [ping],
        needs: { store: { kind: 'lazy', ref: store } },
        initialize(context) {
          context.provide(ping, { ping: async () => {} });
          return { stop: () => void log.push('a stopped') };
        },
      }),
      unit({
        name: 'db',
        provides: [store],
        needs: { ping },
        initialize(context) {
          context.provide(store, { save: async () => {} });
          return { stop: () => void log.push('db stopped') };
        },
      }),
    );
    const stopped = kernel.stop(30_000);
    await clock.advance(0);
    await stopped;
    expect(log).toEqual(['db stopped', 'a stopped']);
  });

  it('ends calls at once where drain is 0', async () => {
    const { kernel, clock, set } = createTestKernel();
    const held = service<{ hold(): Promise<string> }>('x.held');
    const holder = (version: string) =>
      unit({
        name: 'x',
        version,
        provides: [held],
        limits: { drain: 0 },
        initialize(context) {
          context.provide(held, { hold: () => new Promise(() => {}) });
        },
      });
    await set(holder('1.0.0'));
    void kernel.callService('x.held', 'hold', []);
    await set(holder('2.0.0'));
    await clock.advance(0);
    await kernel.settled();
    expect(kernel.pluginStatus('x').receipts).toMatchObject([{ version: '1.0.0', callsEnded: 1, drainedMs: 0 }]);
  });
});

describe('the end of the host', () => {
  it.each(['boot', 'a change'])('does not wait for a step that hangs during %s, and leaves nothing', async (when) => {
    const { kernel, clock, set } = createTestKernel();
    if (when === 'a change') await set(unit({ name: 'steady' }));
    const disposed: string[] = [];
    const applied = set(
      unit({
        name: 'slow',
        limits: { initialize: 600_000 },
        initialize(context) {
          context.scope.add('thing', () => void disposed.push('thing'));
          return new Promise(() => {});
        },
      }),
    ).catch((error) => error.code);
    await clock.advance(10);
    await kernel.stop(1000);
    expect(await applied).toBe('BP_HOST_STOPPED');
    expect(disposed).toEqual(['thing']);
    expect(clock.waiting).toBe(0);
    await expect(set(unit({ name: 'late' }))).rejects.toMatchObject({ code: 'BP_HOST_STOPPED' });
  });

  it('ends at its deadline what had begun to drain before, and may be asked twice', async () => {
    const held = service<{ hold(): Promise<string> }>('x.held');
    const { kernel, clock, set } = createTestKernel();
    const holder = (version: string) =>
      unit({
        name: 'x',
        version,
        provides: [held],
        initialize(context) {
          context.provide(held, { hold: () => new Promise(() => {}) });
        },
      });
    await set(holder('1.0.0'));
    void kernel.callService('x.held', 'hold', []);
    await set(holder('2.0.0'));
    const began = clock.now();
    let ended = 0;
    for (const limit of [5000, 1000]) {
      void kernel.stop(limit).then(() => {
        ended = clock.now() - began;
      });
    }
    await clock.advance(999);
    expect(ended).toBe(0);
    await clock.advance(1);
    expect(ended).toBe(1000);
  });

  it('cuts short the drain of a stop-first replacement at its deadline', async () => {
    const held = service<{ hold(): Promise<string> }>('x.held');
    const { kernel, clock, set } = createTestKernel();
    const holder = (version: string) =>
      unit({
        name: 'x',
        version,
        replace: 'stop-first',
        provides: [held],
        initialize(context) {
          context.provide(held, { hold: () => new Promise(() => {}) });
        },
      });
    await set(holder('1.0.0'));
    void kernel.callService('x.held', 'hold', []);
    const applied = set(holder('2.0.0')).catch((error) => error.code);
    await clock.advance(10);
    const stopped = kernel.stop(1000);
    await clock.advance(1000);
    await stopped;
    expect(await applied).toBe('BP_HOST_STOPPED');
    expect(clock.waiting).toBe(0);
  });
});

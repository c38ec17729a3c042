import { currentCall, type EventService, type PluginContext, service } from '@backplane/plugin-api';
import { describe, expect, it } from 'vitest';
import { createTestKernel, unit } from '../testing/test-kernel.ts';

interface Shouter {
  shout(type: string, data?: unknown): Promise<void>;
  /** Publishes and does not wait. */
  drop(type: string): Promise<string | undefined>;
}
const shouter = service<Shouter>('shouter.shouter');

const publisher = () =>
  unit({
    name: 'shouter',
    provides: [shouter],
    initialize({ events, provide }) {
      provide(shouter, {
        shout: (type, data) => events.publish(type, data),
        drop: async (type) => {
          void events.publish(type, null);
          return currentCall()?.trace.traceId;
        },
      });
    },
  });

/** A plugin that subscribes; what it hears is noted under its name and version. */
function listener(name: string, version: string, subscribe: (events: EventService, context: PluginContext) => void) {
  return unit({
    name,
    version,
    initialize: (context) => subscribe(context.events, context as unknown as PluginContext),
  });
}

async function hostWith(...units: ReturnType<typeof unit>[]) {
  const test = createTestKernel();
  await test.set(publisher(), ...units);
  const shout = (type: string, data: unknown = null) => test.kernel.callService(shouter.id, 'shout', [type, data]);
  return { ...test, shout };
}

describe('the bus of events', () => {
  it('tells whoever subscribes to the type or to a pattern of it, in the order of their start', async () => {
    const heard: string[] = [];
    const { shout } = await hostWith(
      listener('b', '1.0.0', (events) => void events.subscribe('user.#', ({ type }) => void heard.push(`b ${type}`))),
      listener('a', '1.0.0', (events) => {
        events.subscribe('user.*', ({ type }) => void heard.push(`a ${type}`));
        events.subscribe('user.login', ({ data }) => void heard.push(`a ${data}`));
      }),
    );
    await shout('user.login', 'ada');
    await shout('user.name.changed');
    await shout('users');
    expect(heard).toEqual(['a user.login', 'a ada', 'b user.login', 'b user.name.changed']);
  });

  it('gives each event an id of its own, its time and its source, frozen', async () => {
    const events: unknown[] = [];
    const { shout, clock } = await hostWith(
      listener('a', '1.0.0', (bus) => void bus.subscribe('x', (event) => void events.push(event))),
    );
    await shout('x', 1);
    await clock.advance(1500);
    await shout('x', 2);
    const id = expect.any(String);
    expect(events).toEqual([
      { id, type: 'x', source: 'shouter', time: '2023-11-14T22:13:20.000Z', data: 1 },
      { id, type: 'x', source: 'shouter', time: '2023-11-14T22:13:21.500Z', data: 2 },
    ]);
    expect(new Set(events.map((event) => (event as { id: string }).id)).size).toBe(2);
    expect(Object.isFrozen(events[0])).toBe(true);
  });

  it('waits for all, and keeps the failure of one apart', async () => {
    const heard: string[] = [];
    const gate = Promise.withResolvers<void>();
    const { shout, log, kernel } = await hostWith(
      listener('a', '1.0.0', (events) => {
        events.subscribe('x', () => {
          throw new Error('sync');
        });
        events.subscribe('x', async () => {
          throw new Error('async');
        });
      }),
      listener('b', '1.0.0', (events) => {
        events.subscribe('x', async () => {
          await gate.promise;
          heard.push('b');
        });
      }),
    );
    const published = shout('x').then(() => heard.push('published'));
    await Promise.resolve();
    gate.resolve();
    await published;
    expect(heard).toEqual(['b', 'published']);
    expect(log).toEqual([
      'error a: The handler of event x failed: sync',
      'error a: The handler of event x failed: async',
    ]);
    expect(kernel.events.counts).toEqual({ published: 1, delivered: 1, failed: 2 });
  });

  it('waits for what is no promise of its own as for one, whatever that does', async () => {
    const thenables: ((done: (value: unknown) => void, failed: (error: unknown) => void) => void)[] = [
      (done) => void done(1),
      (done) => {
        done(1);
        done(2);
      },
      (_, failed) => void failed(new Error('refused')),
      () => {
        throw new Error('thrown');
      },
    ];
    const { shout, log, kernel } = await hostWith(
      listener('a', '1.0.0', (events) => {
        for (const then of thenables) events.subscribe('x', () => ({ then }) as unknown as Promise<void>);
      }),
    );
    await shout('x');
    expect(log).toEqual(['refused', 'thrown'].map((why) => `error a: The handler of event x failed: ${why}`));
    expect(kernel.events.counts).toEqual({ published: 1, delivered: 2, failed: 2 });
    expect(kernel.pluginStatus('shouter').inFlight).toBe(0);
  });

  it('keeps the call of the publisher going for handlers that nobody waits for', async () => {
    const gate = Promise.withResolvers<void>();
    const traces: (string | undefined)[] = [];
    const { kernel } = await hostWith(
      listener('a', '1.0.0', (events) => {
        events.subscribe('x', async () => {
          await gate.promise;
          traces.push(currentCall()?.trace.traceId);
        });
      }),
    );
    const trace = await kernel.callService(shouter.id, 'drop', ['x']);
    expect(kernel.pluginStatus('shouter').inFlight).toBe(1);
    gate.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(traces).toEqual([trace]);
    expect(kernel.pluginStatus('shouter').inFlight).toBe(0);
  });

  it('publishes as the system outside of any call', async () => {
    const principals: unknown[] = [];
    const test = createTestKernel();
    await test.set(
      listener('a', '1.0.0', (events) => {
        events.subscribe('x', async (_event, call) => {
          await null;
          principals.push(call.principal.kind, currentCall() === call);
        });
      }),
    );
    await test.kernel.events.publish('x', null, 'host');
    expect(principals).toEqual(['system', true]);
  });

  it('disposes no version under a handler that goes on', async () => {
    const gate = Promise.withResolvers<void>();
    const noted: string[] = [];
    const version = (number: string) =>
      unit({
        name: 'a',
        version: number,
        initialize({ events }) {
          events.subscribe('x', async () => {
            noted.push(`${number} begins`);
            await gate.promise;
            noted.push(`${number} ends`);
          });
          return { stop: () => void noted.push(`${number} stops`) };
        },
      });
    const { shout, set, kernel } = await hostWith(version('1.0.0'));
    const published = shout('x');
    await new Promise((resolve) => setImmediate(resolve));
    await set(version('2.0.0'));
    expect(noted).toEqual(['1.0.0 begins']);
    gate.resolve();
    await published;
    await kernel.settled();
    expect(noted).toEqual(['1.0.0 begins', '1.0.0 ends', '1.0.0 stops']);
    await shout('x');
    expect(noted.slice(3)).toEqual(['2.0.0 begins', '2.0.0 ends']);
  });

  it('tells a version that is being prepared nothing, and the one it replaces everything until the swap', async () => {
    const heard: string[] = [];
    const test = createTestKernel();
    const shout = () => test.kernel.events.publish('x', null, 'host');
    const version = (number: string) =>
      unit({
        name: 'a',
        version: number,
        initialize({ events }) {
          events.subscribe('x', () => void heard.push(number));
          return { start: shout };
        },
      });
    await test.set(version('1.0.0'));
    await test.set(version('2.0.0'));
    await shout();
    expect(heard).toEqual(['1.0.0', '2.0.0']);
  });

  it('tells nobody who has taken the subscription back, whose version failed to start, or who was removed', async () => {
    const heard: string[] = [];
    const { shout, set, kernel } = await hostWith(
      listener('a', '1.0.0', (events, { scope }) => {
        const effect = events.subscribe('x', () => void heard.push('a'));
        scope.add('marker', () => {});
        events.subscribe('quiet', () => effect.dispose());
      }),
      listener('b', '1.0.0', (events) => void events.subscribe('x', () => void heard.push('b'))),
    );
    await shout('x');
    await shout('quiet');
    await shout('x');
    await set(
      unit({
        name: 'b',
        version: '2.0.0',
        initialize({ events }) {
          events.subscribe('x', () => void heard.push('b2'));
          return {
            start() {
              throw new Error('no');
            },
          };
        },
      }),
    );
    await shout('x');
    await kernel.apply({ remove: ['b'] });
    await shout('x');
    expect(heard).toEqual(['a', 'b', 'b', 'b']);
  });

  it('refuses types, patterns and data that cannot be', async () => {
    const { shout } = await hostWith(listener('a', '1.0.0', (events) => void events.subscribe('x', () => {})));
    for (const type of ['', 'a..b', 'a.*', 'a b', 'x'.repeat(256)])
      await expect(shout(type)).rejects.toMatchObject({ code: 'BP_EVENT_TYPE' });
    await expect(shout('x', () => {})).rejects.toMatchObject({ code: 'BP_NOT_CLONEABLE' });
    const test = createTestKernel();
    await test.set(listener('deaf', '1.0.0', (events) => void events.subscribe('a.#.b', () => {})));
    expect(test.kernel.pluginStatus('deaf').state).toMatchObject({
      phase: 'failed',
      failure: { code: 'BP_STEP_FAILED', message: expect.stringContaining('a.#.b') },
    });
  });

  it('remembers receivers of no more than so many types', async () => {
    const { shout, kernel } = await hostWith(listener('a', '1.0.0', (events) => void events.subscribe('#', () => {})));
    for (let i = 0; i < 2500; i++) await shout(`type-${i}`);
    expect(kernel.part(kernel.events.part).receivers.size).toBeLessThanOrEqual(1000);
  });
});

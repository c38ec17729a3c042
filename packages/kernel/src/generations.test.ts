import { type CallContext, currentCall, service, withCallOptions } from '@backplane/plugin-api';
import type { GenerationPart, InstanceInfo, View } from '@backplane/ports';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestKernel, type TestKernel, unit } from './testing/test-kernel.ts';

interface Back {
  version(): Promise<string>;
  slow(): Promise<string>;
}
const back = service<Back>('b.back');
interface Front {
  ask(): Promise<string>;
}
const front = service<Front>('a.front');

/** An entrance as the gateway is one: a table of views by plugin name. */
const entrance: GenerationPart<Map<string, { view: View; instance: InstanceInfo }>> = {
  key: 'test entrance',
  build: (draft) =>
    new Map(draft.instances.map((instance) => [instance.identity.name, { view: draft.view([instance]), instance }])),
};

/** Opens when told; counts who waits. */
class Gate {
  readonly #open = Promise.withResolvers<void>();
  waiting = 0;
  async pass(): Promise<void> {
    this.waiting++;
    await this.#open.promise;
  }
  open(): void {
    this.#open.resolve();
  }
}

interface Gates {
  before: Gate;
  inside: Gate;
  after: Gate;
}
const gates = (): Gates => ({ before: new Gate(), inside: new Gate(), after: new Gate() });

const b = (version: string, gate: () => Promise<void> = async () => {}) =>
  unit({
    name: 'b',
    version,
    provides: [back],
    initialize(context) {
      context.provide(back, {
        version: async () => version,
        slow: async () => {
          await gate();
          return version;
        },
      });
    },
  });

const a = (version: string, log: string[] = []) =>
  unit({
    name: 'a',
    version,
    needs: { back },
    provides: [front],
    initialize(context) {
      context.provide(front, { ask: async () => `a${version} b${await context.services.back.version()}` });
      context.scope.interval('watch', 1000, async () => {
        log.push(await context.services.back.version());
      });
    },
  });

/** A request as it goes through the gateway: enter, run, leave. */
async function request(host: TestKernel, name: string, work: (call: CallContext) => Promise<string>): Promise<string> {
  const mount = host.kernel.part(entrance).get(name);
  if (!mount) throw new Error(`no mount ${name}`);
  const call = mount.view.enter();
  try {
    return await host.kernel.run(call, () => work(call));
  } finally {
    call.leave();
  }
}

let host: TestKernel;
afterEach(async () => {
  const { clock } = host;
  const stopped = host.kernel.stop(1000);
  await clock.advance(60_000);
  await stopped;
});

describe('generations', () => {
  it('lets 50 held requests end in the versions they began with while both plugins are replaced; none is mixed', async () => {
    host = createTestKernel({ parts: [entrance] });
    const g = gates();
    const ticks: string[] = [];
    const relay = service<{ serve(): Promise<string> }>('a.relay');
    const relaying = (version: string) =>
      unit({
        name: 'a',
        version,
        needs: { back },
        provides: [relay],
        initialize(context) {
          let turn = 0;
          context.provide(relay, {
            serve: async () => {
              const place = ['before', 'inside', 'after'][turn++ % 3];
              if (place === 'before') await g.before.pass();
              const seen =
                place === 'inside' ? await context.services.back.slow() : await context.services.back.version();
              if (place === 'after') await g.after.pass();
              return `a${version} b${seen}`;
            },
          });
        },
      });
    const watcher = unit({
      name: 'watcher',
      needs: { back },
      initialize(context) {
        context.scope.interval('watch', 1000, async () => {
          ticks.push(await context.services.back.version());
        });
      },
    });
    await host.set(
      relaying('1.0.0'),
      b('1.0.0', () => g.inside.pass()),
      watcher,
    );
    const serve = () => host.kernel.callService('a.relay', 'serve', []) as Promise<string>;
    const held = Array.from({ length: 50 }, serve);
    await host.clock.advance(1000);
    expect([g.before.waiting, g.inside.waiting, g.after.waiting]).toEqual([17, 17, 16]);
    expect(ticks).toEqual(['1.0.0']);

    await host.set(b('2.0.0', () => g.inside.pass()));
    await host.set(relaying('2.0.0'));
    expect(host.kernel.pluginStatus('b').draining).toMatchObject([{ version: '1.0.0' }]);
    await host.clock.advance(1000);
    expect(ticks).toEqual(['1.0.0', '2.0.0']);
    const fresh = Array.from({ length: 50 }, serve);
    for (const gate of Object.values(g)) gate.open();
    expect(new Set(await Promise.all(held))).toEqual(new Set(['a1.0.0 b1.0.0']));
    expect(new Set(await Promise.all(fresh))).toEqual(new Set(['a2.0.0 b2.0.0']));
    await host.kernel.settled();
    expect(host.kernel.pluginStatus('b').draining).toEqual([]);
    expect(host.kernel.pluginStatus('b').receipts).toMatchObject([
      { version: '1.0.0', callsEnded: 0, held: [], problems: [] },
    ]);
  });

  it('sees one provider through a whole request, though that is replaced in the middle', async () => {
    host = createTestKernel({ parts: [entrance] });
    await host.set(a('1.0.0'), b('1.0.0'));
    const held = new Gate();
    const answer = request(host, 'a', async () => {
      const first = await host.kernel.callService('a.front', 'ask', []);
      await held.pass();
      const mount = host.kernel.part(entrance).get('a');
      expect(mount?.view.generation).toBe(2);
      return `${first}`;
    });
    await host.set(b('2.0.0'));
    held.open();
    expect(await answer).toBe('a1.0.0 b1.0.0');
    expect(await host.kernel.callService('a.front', 'ask', [])).toBe('a1.0.0 b2.0.0');
  });

  it('does not hold other plugins for a long stream', async () => {
    host = createTestKernel({ parts: [entrance] });
    await host.set(a('1.0.0'), b('1.0.0'), unit({ name: 'stream' }));
    const stream = new Gate();
    const streaming = request(host, 'stream', async () => {
      await stream.pass();
      return 'done';
    });
    await host.set(b('2.0.0'));
    await host.clock.advance(1);
    expect(host.kernel.pluginStatus('b').draining).toEqual([]);
    stream.open();
    await streaming;
  });

  it('carries over what did not change, with its instance and its views', async () => {
    host = createTestKernel({ parts: [entrance] });
    await host.set(unit({ name: 'x' }), unit({ name: 'y' }));
    const before = host.kernel.part(entrance).get('x');
    await host.set(unit({ name: 'y', version: '2.0.0' }));
    const after = host.kernel.part(entrance).get('x');
    expect(after?.instance).toBe(before?.instance);
    expect(after?.view).toBe(before?.view);
  });

  it('tells a call when its plugin is being replaced, and cancels it at the drain limit', async () => {
    host = createTestKernel({ parts: [entrance] });
    const signals: string[] = [];
    await host.set(unit({ name: 'x', limits: { drain: 5000 } }));
    const answer = request(host, 'x', async (call) => {
      call.draining.addEventListener('abort', () => signals.push('draining'));
      await new Promise<void>((resolve) => call.signal.addEventListener('abort', () => resolve()));
      signals.push((call.signal.reason as { code: string }).code);
      return 'ended';
    });
    await host.set(unit({ name: 'x', version: '2.0.0' }));
    expect(signals).toEqual(['draining']);
    await host.clock.advance(5000);
    expect(await answer).toBe('ended');
    await host.kernel.settled();
    expect(signals).toEqual(['draining', 'BP_CALL_DRAINED']);
    expect(host.kernel.pluginStatus('x').receipts).toMatchObject([{ callsEnded: 1 }]);
  });

  it('keeps at most three draining versions and ends the oldest', async () => {
    host = createTestKernel({ parts: [entrance] });
    const ended: string[] = [];
    const version = (n: number) =>
      unit({ name: 'x', version: `${n}.0.0`, initialize: () => ({ stop: () => void ended.push(`${n}`) }) });
    await host.set(version(1));
    const streams: Promise<string>[] = [];
    for (let n = 2; n <= 5; n++) {
      streams.push(
        request(
          host,
          'x',
          (call) => new Promise((resolve) => call.signal.addEventListener('abort', () => resolve('cut'))),
        ),
      );
      await host.set(version(n));
    }
    expect(await streams[0]).toBe('cut');
    await host.clock.advance(1);
    expect(ended).toEqual(['1']);
    expect(host.kernel.pluginStatus('x').draining.map((d) => d.version)).toEqual(['2.0.0', '3.0.0', '4.0.0']);
  });

  it('counts a service call that outlives the request it was made in', async () => {
    host = createTestKernel({ parts: [entrance] });
    const gate = new Gate();
    const stopped: string[] = [];
    await host.set(
      unit({
        name: 'b',
        provides: [back],
        initialize(context) {
          context.provide(back, { version: async () => '1', slow: () => gate.pass().then(() => '1') });
          return { stop: () => void stopped.push('b1') };
        },
      }),
      unit({
        name: 'a',
        needs: { back },
        provides: [front],
        initialize(context) {
          context.provide(front, {
            ask: async () => {
              void context.services.back.slow();
              return 'not awaited';
            },
          });
        },
      }),
    );
    expect(await host.kernel.callService('a.front', 'ask', [])).toBe('not awaited');
    await host.set(b('2.0.0'));
    await host.clock.advance(10);
    expect(stopped).toEqual([]);
    gate.open();
    await host.kernel.settled();
    expect(stopped).toEqual(['b1']);
  });

  it('forgets the current call once it has been left', async () => {
    host = createTestKernel({ parts: [entrance] });
    await host.set(unit({ name: 'x' }));
    let later: (() => CallContext | undefined) | undefined;
    await request(host, 'x', async (call) => {
      expect(currentCall()).toBe(call);
      later = () => currentCall();
      return '';
    });
    expect(later?.()).toBeUndefined();
  });

  it('makes requests wait while a plugin is replaced stop-first, and returns the old version when the new one fails', async () => {
    host = createTestKernel({ parts: [entrance] });
    const order: string[] = [];
    const port = (version: string, fails = false) =>
      unit({
        name: 'b',
        version,
        replace: 'stop-first',
        provides: [back],
        initialize(context) {
          context.provide(back, { version: async () => version, slow: async () => version });
          return {
            start: () => {
              order.push(`start ${version}`);
              if (fails) throw new Error('address in use');
            },
            stop: () => void order.push(`stop ${version}`),
          };
        },
      });
    await host.set(a('1.0.0'), port('1.0.0'));
    const replaced = host.set(port('2.0.0'));
    const asked = host.kernel.callService('a.front', 'ask', []);
    await replaced;
    expect(['a1.0.0 b1.0.0', 'a1.0.0 b2.0.0']).toContain(await asked);
    expect(order).toEqual(['start 1.0.0', 'stop 1.0.0', 'start 2.0.0']);
    const report = await host.set(port('3.0.0', true));
    expect(report.steps).toMatchObject([
      { outcome: 'returned', failure: { message: expect.stringContaining('address in use') } },
    ]);
    expect(await host.kernel.callService('a.front', 'ask', [])).toBe('a1.0.0 b2.0.0');
    expect(host.kernel.pluginStatus('b').lastChange).toMatchObject({ outcome: 'returned', version: '2.0.0' });
  });

  it('gives up waiting for a service at the time limit of the call, and lets the work end by itself', async () => {
    host = createTestKernel({ parts: [entrance] });
    const gate = new Gate();
    const outcomes: string[] = [];
    await host.set(
      b('1.0.0', () => gate.pass()),
      unit({
        name: 'a',
        needs: { back },
        provides: [front],
        initialize(context) {
          context.provide(front, {
            ask: async () => {
              await withCallOptions(context.services.back, { timeout: 100 })
                .slow()
                .catch((error) => outcomes.push(error.code));
              return 'went on';
            },
          });
        },
      }),
    );
    const answer = host.kernel.callService('a.front', 'ask', []);
    await host.clock.advance(100);
    expect(await answer).toBe('went on');
    expect(outcomes).toEqual(['BP_DEADLINE_EXCEEDED']);
    gate.open();
  });
});

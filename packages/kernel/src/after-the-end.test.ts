import { type PluginContext, service, withCallOptions } from '@backplane/plugin-api';
import { describe, expect, it } from 'vitest';
import { createTestKernel, unit } from './testing/test-kernel.ts';

interface Back {
  version(): Promise<string>;
}
const back = service<Back>('b.back');
const b = (version: string, more: object = {}) =>
  unit({
    name: 'b',
    version,
    provides: [back],
    ...more,
    initialize(context) {
      context.provide(back, { version: async () => version });
    },
  });
const code = (work: () => unknown) =>
  (async () => work())().then(
    () => 'done',
    (error) => error.code,
  );

describe('what is used after its end', () => {
  it('refuses everything with a code when initialize goes on after its time limit', async () => {
    const { kernel, clock, set } = createTestKernel();
    const codes: string[] = [];
    const late = Promise.withResolvers<void>();
    const applied = set(
      b('1.0.0'),
      unit({
        name: 'late',
        provides: ['late.service'],
        needs: { back },
        async initialize(context) {
          await late.promise;
          const { scope, services } = context as unknown as PluginContext<object, { back: typeof back }>;
          codes.push(await code(() => context.provide({ id: 'late.service' } as never, {})));
          codes.push(await code(() => scope.add('late', () => {})));
          codes.push(await code(() => scope.resource('late', () => ({ value: 1, dispose() {} }))));
          codes.push(await code(() => services.back.version()));
          context.http.routes(() => {});
          context.fail(new Error('too late'));
        },
      }),
    );
    await clock.advance(1000);
    await applied;
    late.resolve();
    await clock.advance(0);
    expect(codes).toEqual(['BP_INSTANCE_GONE', 'BP_SCOPE_CLOSED', 'BP_SCOPE_CLOSED', 'BP_INSTANCE_GONE']);
    expect(kernel.pluginStatus('late').state).toMatchObject({ phase: 'failed', crashes: 1 });
  });

  it('refuses a handle of an instance that has been unloaded, and names it', async () => {
    const { kernel, set } = createTestKernel();
    let handle: Back | undefined;
    const holder = (version: string) =>
      unit({
        name: 'holder',
        version,
        needs: { back },
        initialize(context) {
          if (version === '1.0.0') handle = context.services.back;
        },
      });
    await set(b('1.0.0'), holder('1.0.0'));
    expect(await handle?.version()).toBe('1.0.0');
    await set(holder('2.0.0'));
    await kernel.settled();
    await expect(handle?.version()).rejects.toMatchObject({
      code: 'BP_INSTANCE_GONE',
      details: { plugin: 'holder', version: '1.0.0' },
    });
  });

  it('leaves no timer of a deadline behind once the call has been left', async () => {
    const { clock, set } = createTestKernel();
    await set(
      b('1.0.0'),
      unit({
        name: 'a',
        needs: { back },
        initialize: (context) => ({
          start: async () => {
            await withCallOptions(context.services.back, { timeout: 60_000 }).version();
          },
        }),
      }),
    );
    expect(clock.waiting).toBe(0);
  });

  it('does not wait longer for a plugin that is replaced stop-first than the call has time', async () => {
    const { clock, set } = createTestKernel();
    let ask = async () => '';
    await set(
      b('1.0.0', { replace: 'stop-first' }),
      unit({
        name: 'a',
        needs: { back },
        initialize(context) {
          ask = () => withCallOptions(context.services.back, { timeout: 100 }).version();
        },
      }),
    );
    const hanging = unit({
      name: 'b',
      version: '2.0.0',
      provides: [back],
      replace: 'stop-first',
      initialize: () => new Promise<void>(() => {}),
    });
    const replaced = set(hanging);
    await clock.advance(0);
    const asked = code(ask);
    await clock.advance(100);
    expect(await asked).toBe('BP_DEADLINE_EXCEEDED');
    await clock.advance(5000);
    await replaced;
    expect(await ask()).toBe('1.0.0');
  });
});

describe('names that move', () => {
  it('follows a service that another plugin provides from now on, and an alias that another plugin bears', async () => {
    const { kernel, set } = createTestKernel();
    const front = service<{ ask(): Promise<string> }>('a.front');
    await set(
      b('1.0.0', { aliases: ['store'] }),
      unit({
        name: 'a',
        needs: { back },
        dependencies: ['store'],
        provides: [front],
        initialize(context) {
          context.provide(front, { ask: () => context.services.back.version() });
        },
      }),
    );
    const other = unit({
      name: 'other',
      aliases: ['store'],
      provides: [back],
      initialize(context) {
        context.provide(back, { version: async () => 'other' });
      },
    });
    await kernel.apply({ set: [{ unit: other, config: {} }], remove: ['b'] });
    expect(await kernel.callService('a.front', 'ask', [])).toBe('other');
    expect(kernel.pluginStatus('a')).toMatchObject({ instance: 1, dependencies: ['other'] });
    await kernel.settled();
    expect(kernel.status().map(({ name }) => name)).toEqual(['a', 'other']);
  });

  it('counts instances on when a plugin is removed and comes back, at once or after it is forgotten', async () => {
    const { kernel, set } = createTestKernel();
    await set(b('1.0.0'));
    void kernel.apply({ remove: ['b'] });
    await set(b('2.0.0'));
    expect(kernel.pluginStatus('b')).toMatchObject({ instance: 2, state: { phase: 'running' } });
    await kernel.apply({ remove: ['b'] });
    await kernel.settled();
    expect(kernel.status()).toEqual([]);
    await set(b('3.0.0'));
    expect(kernel.pluginStatus('b')).toMatchObject({ instance: 3, receipts: [{ instance: 1 }, { instance: 2 }] });
  });

  it('ignores names that nobody bears', async () => {
    const { kernel } = createTestKernel();
    await kernel.apply({ force: ['nobody'], remove: ['nothing'] });
    expect(kernel.status()).toEqual([]);
  });
});

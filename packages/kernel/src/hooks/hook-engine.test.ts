import { type ExtensionPoint, extensionPoint, type HandlerOptions, type Hook, service } from '@backplane/plugin-api';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTestKernel, type TestKernel, unit } from '../testing/test-kernel.ts';

const price = extensionPoint<(price: number, customer: string) => number>('shop.price', 'filter');

let host: TestKernel;
beforeEach(() => {
  host = createTestKernel();
});

/** Owns a point; its hook is given to whoever made it. */
function owner(point: ExtensionPoint, taken: { hook?: Hook }, name = 'shop', version = '1.0.0') {
  return unit({
    name,
    version,
    initialize({ extensionPoints }) {
      taken.hook = extensionPoints.registerExtensionPoint(point);
    },
  });
}

function handler(
  name: string,
  point: ExtensionPoint | string,
  handle: (...args: never[]) => unknown,
  options?: HandlerOptions,
  version = '1.0.0',
) {
  return unit({
    name,
    version,
    initialize({ extensionPoints }) {
      extensionPoints.registerHandler(point as string, handle as never, options);
    },
  });
}

describe('an extension point', () => {
  it('gives what passes through it as it is where nobody takes part', async () => {
    const taken: { hook?: Hook } = {};
    await host.set(owner(price, taken));
    expect(taken.hook?.dispatch(5, 'ann')).toBe(5);
  });

  it('calls handlers of all plugins by priority, from the swap that brings them to the one that takes them', async () => {
    const taken: { hook?: Hook } = {};
    const tax = handler('tax', price, (value: number) => value * 2, { priority: 20 });
    await host.set(
      owner(price, taken),
      tax,
      handler('fee', price, (value: number) => value + 1, { priority: 10 }),
    );
    expect(taken.hook?.dispatch(5, 'ann')).toBe(12);
    const during: unknown[] = [];
    await host.set(
      unit({
        name: 'tax',
        version: '2.0.0',
        initialize({ extensionPoints }) {
          extensionPoints.registerHandler(price, (value) => value * 3, { priority: 20 });
          during.push(taken.hook?.dispatch(5, 'ann'));
          return { start: () => void during.push(taken.hook?.dispatch(5, 'ann')) };
        },
      }),
    );
    expect([...during, taken.hook?.dispatch(5, 'ann')]).toEqual([12, 12, 18]);
    await host.kernel.apply({ remove: ['tax', 'fee'] });
    expect(taken.hook?.dispatch(5, 'ann')).toBe(5);
  });

  it('is left by a handler that is taken back while its plugin runs', async () => {
    const taken: { hook?: Hook } = {};
    let leave: (() => Promise<void>) | undefined;
    const guest = unit({
      name: 'guest',
      initialize({ extensionPoints }) {
        const effect = extensionPoints.registerHandler(price, (value) => value + 1);
        leave = async () => void (await effect.dispose());
      },
    });
    await host.set(owner(price, taken), guest);
    expect(taken.hook?.dispatch(1, 'ann')).toBe(2);
    await leave?.();
    expect(taken.hook?.dispatch(1, 'ann')).toBe(1);
  });

  it('belongs to one plugin, over its versions', async () => {
    const [first, second]: { hook?: Hook }[] = [{}, {}];
    await host.set(
      owner(price, first as object),
      handler('fee', price, (value: number) => value + 1),
    );
    await host.set(owner(price, second as object, 'shop', '2.0.0'));
    expect(second?.hook?.dispatch(1, '')).toBe(2);
    await host.set(owner(price, {}, 'thief'));
    expect(host.kernel.pluginStatus('thief').state).toMatchObject({
      failure: { message: expect.stringContaining('belongs to "shop"') },
    });
  });

  it('leaves out, and says so, who was written for another major version of it, and who cannot be called at once', async () => {
    const taken: { hook?: Hook } = {};
    const sync = extensionPoint<(price: number) => number>('shop.price', 'filter', { sync: true, version: '2.1.0' });
    const old = extensionPoint<(price: number) => number>('shop.price', 'filter', { version: '1.0.0' });
    const apart = unit({ name: 'apart' });
    await host.set(
      owner(sync, taken),
      handler('old', old, (value: number) => value + 1),
      handler('right', sync, (value: number) => value + 10),
    );
    expect(taken.hook?.dispatch(1)).toBe(11);
    expect(host.log.filter((line) => line.startsWith('warn'))).toEqual([
      'warn old: Handler "old/1" of extension point shop.price: it takes no part: it was written for version 1.0.0 of the point, which is 2.1.0 here',
    ]);
    const { create } = handler('apart', sync, () => 5);
    await host.set({ ...apart, level: 'process', create });
    expect(host.kernel.pluginStatus('apart').state).toMatchObject({ failure: { code: 'BP_STEP_FAILED' } });
  });

  it('refuses what it cannot understand', async () => {
    const cases: [ExtensionPoint | string, unknown, HandlerOptions, string][] = [
      ['No.Good', () => {}, {}, 'no point can have that name'],
      ['a.b', 5, {}, 'it is no function'],
      ['a.b', () => {}, { priority: Number.NaN }, '"priority" is a number'],
      ['a.b', () => {}, { when: { x: { $like: 'y' } as never } }, '"when" cannot be read'],
      ['health.check', () => true, { priority: 5 }, 'this point takes only name and timeoutMs'],
    ];
    for (const [point, handle, options, problem] of cases) {
      await host.set(handler('bad', point, handle as never, options));
      expect(host.kernel.pluginStatus('bad').reason).toContain(problem);
    }
    await host.set(owner({ ...price, type: 'other' as never }, {}));
    expect(host.kernel.pluginStatus('shop').reason).toContain('its type is none of action, filter, event, gate');
  });

  it('refuses arguments that could not cross to another process, where that is checked', async () => {
    const taken: { hook?: Hook } = {};
    await host.set(owner(price, taken));
    expect(() => taken.hook?.dispatch(() => {}, 'ann')).toThrow('An argument at extension point shop.price');
  });

  it('times a call now and then, and counts what goes wrong', async () => {
    const taken: { hook?: Hook } = {};
    const tell = extensionPoint<(price: number) => unknown>('shop.sold', 'action');
    let broken = false;
    await host.set(
      owner(tell, taken),
      handler('book', tell, () => {
        if (broken) throw new Error('out of ink');
      }),
    );
    await host.clock.advance(1000);
    broken = true;
    for (let index = 0; index < 3; index++) expect(taken.hook?.dispatch(5)).toEqual([]);
    expect(host.kernel.points().find(({ name }) => name === 'shop.sold')).toMatchObject({
      owner: 'shop',
      dispatches: 3,
    });
    expect(host.kernel.handlers()).toMatchObject([
      {
        point: 'shop.sold',
        plugin: 'book',
        figures: { calls: 3, failures: 3, lastFailure: { code: 'ERROR', message: 'out of ink' } },
      },
    ]);
    expect(host.kernel.handlers()[0]?.figures?.meanMs).toBeGreaterThanOrEqual(0);
    expect(host.log.filter((line) => line.includes('out of ink'))).toHaveLength(3);
  });

  it('ends the wait for a handler at its limit', async () => {
    const taken: { hook?: Hook } = {};
    const slow = extensionPoint<(price: number) => Promise<number>>('shop.slow', 'filter', { timeoutMs: 500 });
    await host.set(
      owner(slow, taken),
      handler('hangs', slow, () => new Promise(() => {}), { timeoutMs: 200 }),
    );
    const dispatched = taken.hook?.dispatch(1) as Promise<unknown>;
    const outcome = expect(dispatched).rejects.toMatchObject({
      code: 'BP_HANDLER_FAILED',
      cause: { code: 'BP_HANDLER_TIMEOUT', details: { timeoutMs: 200 } },
    });
    await host.clock.advance(200);
    await outcome;
  });
});

describe('a reload in the middle of dispatches', () => {
  it('shows each of a thousand one chain of fifty handlers, and ends the old instance after them', async () => {
    const COUNT = 50;
    const trail = extensionPoint<(versions: string[]) => Promise<string[]>>('shop.trail', 'filter');
    const taken: { hook?: Hook } = {};
    const ended: string[] = [];
    const link = (index: number, version: string) =>
      unit({
        name: `p${index}`,
        version,
        initialize({ extensionPoints, plugin }) {
          let isEnded = false;
          extensionPoints.registerHandler(
            trail,
            async (versions) => {
              await Promise.resolve();
              if (isEnded) throw new Error('called after its end');
              return [...versions, plugin.version];
            },
            { priority: index },
          );
          return {
            stop() {
              isEnded = true;
              ended.push(`p${index} ${version}`);
            },
          };
        },
      });
    await host.set(owner(trail, taken), ...Array.from({ length: COUNT }, (_, index) => link(index, '1.0.0')));
    const dispatches: Promise<string[]>[] = [];
    let version = 1;
    const chains = new Set<string>();
    for (let round = 0; round < 20; round++) {
      for (let one = 0; one < 50; one++) dispatches.push(taken.hook?.dispatch([]) as Promise<string[]>);
      for (let index = 0; index < round; index++) await Promise.resolve();
      version++;
      // One in the middle, and the last one: who looked them up when their turn came would see both.
      await host.set(link(25, `${version}.0.0`), link(49, `${version}.0.0`));
    }
    for (const versions of await Promise.all(dispatches)) {
      expect(versions).toHaveLength(COUNT);
      expect(versions[25]).toBe(versions[49]);
      chains.add(versions[25] as string);
    }
    expect(chains.size).toBe(20);
    await host.kernel.settled();
    expect(ended).toContain('p25 1.0.0');
    expect(ended).toContain(`p49 ${version - 1}.0.0`);
  });
});

describe('a method that was registered from outside', () => {
  const desk = service<{ greet(name: string): Promise<string> }>('greeter.desk');
  const greeter = unit({
    name: 'greeter',
    provides: [desk],
    initialize({ provide }) {
      provide(desk, { greet: async (name) => `hello ${name}` });
    },
  });

  it('takes part as long as its plugin runs and it is wanted', async () => {
    const taken: { hook?: Hook } = {};
    const welcome = extensionPoint<(name: string) => string>('shop.welcome', 'action');
    const { kernel } = host;
    kernel.hooks.store([
      {
        point: 'shop.welcome',
        type: 'action',
        plugin: 'greeter',
        name: 'desk.greet',
        priority: 5,
        when: { $not: { nothing: 1 } },
        call: (_, args) => kernel.callService('greeter.desk', 'greet', args),
      },
    ]);
    await host.set(owner(welcome, taken), greeter);
    expect(await taken.hook?.dispatch('ann')).toEqual(['hello ann']);
    await kernel.apply({ disable: [{ name: 'greeter', origin: '', reason: 'off' }] });
    expect(await taken.hook?.dispatch('ann')).toEqual([]);
    await host.set(greeter);
    kernel.hooks.store([]);
    expect(await taken.hook?.dispatch('ann')).toEqual([]);
  });
});

describe('the extension points of the registration of services', () => {
  const desk = service<{ greet(): Promise<string> }>('greeter.desk');
  const greeter = (version: string) =>
    unit({
      name: 'greeter',
      version,
      provides: [desk],
      initialize({ provide }) {
        provide(desk, { greet: async () => 'hello' });
      },
    });
  const found = async () => (await host.kernel.services.discover({ name: 'greeter.desk' }))[0];

  it('change what is known of a service before it can be found, by whichever plugins run, and hear of it once', async () => {
    const heard: string[] = [];
    const region = unit({
      name: 'region',
      initialize({ extensionPoints }) {
        extensionPoints.registerHandler(
          'service.pre_register',
          async (info) =>
            ({ ...info, id: 'stolen', enhanced: true, metadata: { ...info.metadata, region: 'eu' } }) as never,
          { priority: 10 },
        );
        extensionPoints.registerHandler(
          'service.post_register',
          (info) => void heard.push(`${info.id} ${info.version}`),
        );
      },
    });
    await host.set(greeter('1.0.0'), region);
    await host.kernel.settled();
    expect(await found()).toMatchObject({ id: 'greeter.desk', enhanced: true, metadata: { region: 'eu' } });
    expect(heard).toEqual(['greeter.desk 1.0.0']);
    await host.set(greeter('2.0.0'));
    await host.kernel.settled();
    expect(await found()).toMatchObject({ version: '2.0.0', metadata: { region: 'eu' } });
    expect(heard).toEqual(['greeter.desk 1.0.0', 'greeter.desk 2.0.0']);
    await host.kernel.apply({ remove: ['region'] });
    expect((await found())?.metadata).toEqual({});
  });

  it('do not keep a service from being registered where a handler fails', async () => {
    const bad = handler('bad', 'service.pre_register', () => {
      throw new Error('no');
    });
    await host.set(greeter('1.0.0'), bad);
    expect(await found()).toMatchObject({ id: 'greeter.desk', metadata: {} });
    expect(
      host.log.some((line) => line.startsWith('error bad: Handler "1" of extension point service.pre_register failed')),
    ).toBe(true);
  });
});

import {
  type ServiceInfo,
  type ServiceQuery,
  type ServiceRegistry,
  type ServiceWatcher,
  service,
  withCallOptions,
} from '@backplane/plugin-api';
import { describe, expect, it } from 'vitest';
import { createTestKernel, unit } from '../testing/test-kernel.ts';

const provider = (name: string, version: string, ...services: string[]) =>
  unit({
    name,
    version,
    provides: services.map((local) => `${name}.${local}`),
    initialize({ provide }) {
      for (const local of services) provide(service<object>(`${name}.${local}`), { async ask() {}, value: 1 });
    },
  });

const watching = (name: string, watcher: ServiceWatcher, version = '1.0.0') =>
  unit({ name, version, initialize: () => watcher });

/** A watcher that notes what it hears. */
function noting(heard: string[], more: ServiceWatcher = {}): ServiceWatcher {
  return {
    onServiceRegister: ({ id, version }) => void heard.push(`+${id}@${version}`),
    onServiceUnregister: ({ id, version }) => void heard.push(`-${id}@${version}`),
    ...more,
  };
}

const elsewhere = (id: string): ServiceInfo => ({
  id,
  name: 'elsewhere',
  plugin: 'far',
  version: '1.0.0',
  methods: [],
  metadata: {},
});

it('lists the methods of a service, whatever they are called', async () => {
  const { kernel, set } = createTestKernel();
  const remote = service<object>('tv.control');
  const initialize: Parameters<typeof unit>[0]['initialize'] = ({ provide }) =>
    void provide(remote, { async remote() {}, async methods() {} });
  await set(unit({ name: 'tv', version: '1.0.0', provides: [remote.id], initialize }));
  expect(await kernel.services.discover({ plugin: 'tv' })).toMatchObject([{ methods: ['remote', 'methods'] }]);
});

describe('a watcher of services', () => {
  it('hears of what is there already, then of what comes, goes and comes in another version', async () => {
    const heard: string[] = [];
    const { kernel, set } = createTestKernel();
    await set(provider('shop', '1.0.0', 'cart', 'till'), watching('watch', noting(heard)));
    await kernel.services.settled();
    expect(heard.splice(0)).toEqual(['+shop.cart@1.0.0', '+shop.till@1.0.0']);
    await set(provider('shop', '1.0.0', 'cart', 'till'));
    await kernel.services.settled();
    expect(heard).toEqual([]);
    await set(provider('shop', '2.0.0', 'cart'), provider('bank', '1.0.0', 'loan'));
    await kernel.services.settled();
    expect(heard.splice(0).sort()).toEqual(['+bank.loan@1.0.0', '+shop.cart@2.0.0', '-shop.till@1.0.0']);
    await kernel.apply({ remove: ['shop'] });
    await kernel.services.settled();
    expect(heard).toEqual(['-shop.cart@2.0.0']);
  });

  it('hears one thing after the other, and what it fails at keeps it from nothing', async () => {
    const heard: string[] = [];
    const gate = Promise.withResolvers<void>();
    const { kernel, set, log } = createTestKernel();
    const slow: ServiceWatcher = {
      async onServiceRegister({ id }) {
        heard.push(`${id} begins`);
        if (id === 'shop.cart') await gate.promise;
        heard.push(`${id} ends`);
        if (id === 'shop.cart') throw new Error('full');
      },
    };
    await set(provider('shop', '1.0.0', 'cart', 'till'), watching('watch', slow));
    await set(provider('bank', '1.0.0', 'loan'));
    expect(heard).toEqual(['shop.cart begins']);
    gate.resolve();
    await kernel.services.settled();
    expect(heard.slice(1)).toEqual([
      'shop.cart ends',
      'shop.till begins',
      'shop.till ends',
      'bank.loan begins',
      'bank.loan ends',
    ]);
    expect(log).toEqual(['error watch: onServiceRegister failed: full']);
  });

  it('that hangs is left behind at its limit, and hears nothing once it is on its way out', async () => {
    const heard: string[] = [];
    const { kernel, set, clock, log } = createTestKernel();
    const hanging: ServiceWatcher = {
      onServiceRegister({ id }) {
        heard.push(id);
        return id === 'shop.cart' ? new Promise<void>(() => {}) : undefined;
      },
    };
    await set(provider('shop', '1.0.0', 'cart', 'till'), watching('watch', hanging));
    await clock.advance(5000);
    expect(heard).toEqual(['shop.cart', 'shop.till']);
    expect(log).toEqual(['error watch: onServiceRegister failed: it has not ended after 5000 ms']);
    await kernel.apply({ remove: ['watch'] });
    await set(provider('bank', '1.0.0', 'loan'));
    await kernel.services.settled();
    expect(heard).toEqual(['shop.cart', 'shop.till']);
  });

  it('in a new version of its plugin hears of everything anew', async () => {
    const [old, fresh]: [string[], string[]] = [[], []];
    const { kernel, set } = createTestKernel();
    await set(provider('shop', '1.0.0', 'cart'), watching('watch', noting(old)));
    await set(watching('watch', noting(fresh), '2.0.0'));
    await set(provider('bank', '1.0.0', 'loan'));
    await kernel.services.settled();
    expect([old, fresh]).toEqual([['+shop.cart@1.0.0'], ['+shop.cart@1.0.0', '+bank.loan@1.0.0']]);
  });
});

describe('looking for services', () => {
  const search = async (query: ServiceQuery | undefined, ...units: ReturnType<typeof unit>[]) => {
    const { kernel, set, log, clock } = createTestKernel({
      hostServices: new Map([['ops.mail', { async send() {} }]]),
    });
    await set(provider('shop', '1.2.0', 'cart'), provider('bank', '2.0.0-beta.1', 'cart'), ...units);
    return { found: kernel.services.discover(query ?? {}), log, clock };
  };
  const ids = async (search: Promise<{ found: Promise<readonly ServiceInfo[]> }>) =>
    (await (await search).found).map(({ id }) => id).sort();

  it('finds by name, id, plugin and version', async () => {
    expect(await ids(search(undefined))).toEqual(['bank.cart', 'ops.mail', 'shop.cart']);
    expect(await ids(search({ name: 'cart' }))).toEqual(['bank.cart', 'shop.cart']);
    expect(await ids(search({ name: 'shop.cart' }))).toEqual(['shop.cart']);
    expect(await ids(search({ plugin: 'bank' }))).toEqual(['bank.cart']);
    expect(await ids(search({ plugin: 'host' }))).toEqual(['ops.mail']);
    expect(await ids(search({ name: 'cart', version: '^1.0.0' }))).toEqual(['shop.cart']);
    expect(await ids(search({ version: '>=2.0.0-alpha' }))).toEqual(['bank.cart']);
    await expect((await search({ version: 'newest' })).found).rejects.toMatchObject({ code: 'BP_SERVICE_QUERY' });
  });

  it('says of a service what can be seen of it', async () => {
    const [found] = await (await search({ plugin: 'shop' })).found;
    expect(found).toEqual({
      id: 'shop.cart',
      name: 'cart',
      plugin: 'shop',
      version: '1.2.0',
      methods: ['ask'],
      metadata: {},
    });
  });

  it('joins what service plugins know, each id once and those of the host first', async () => {
    const one = watching('one', {
      onServiceDiscovery: () => [elsewhere('far.a'), { ...elsewhere('shop.cart'), version: '9.0.0' }],
    });
    const two = watching('two', {
      onServiceDiscovery: async () => [elsewhere('far.a'), { id: 'far.b' } as ServiceInfo],
    });
    const { found } = await search({}, one, two);
    const all = new Map((await found).map((info) => [info.id, info]));
    expect([...all.keys()].sort()).toEqual(['bank.cart', 'far.a', 'far.b', 'ops.mail', 'shop.cart']);
    expect(all.get('shop.cart')?.version).toBe('1.2.0');
    expect(all.get('far.b')).toEqual({
      id: 'far.b',
      name: 'b',
      plugin: '',
      version: '0.0.0',
      methods: [],
      metadata: {},
    });
  });

  it('leaves out who fails, hangs or answers nonsense', async () => {
    const { found, log, clock } = await search(
      { plugin: 'far' },
      watching('fails', { onServiceDiscovery: () => Promise.reject(new Error('no')) }),
      watching('hangs', { onServiceDiscovery: () => new Promise(() => {}) }),
      watching('nonsense', { onServiceDiscovery: () => 'all' as never }),
      watching('half', { onServiceDiscovery: () => [null, { id: 7 }, elsewhere('far.a')] as never }),
    );
    await clock.advance(5000);
    expect((await found).map(({ id }) => id)).toEqual(['far.a']);
    expect(log.sort()).toEqual([
      'error fails: onServiceDiscovery failed: no',
      'error hangs: onServiceDiscovery failed: it has not ended after 5000 ms',
    ]);
  });

  it('comes to an end where those who are asked ask in turn', async () => {
    let asked = 0;
    const asking = (name: string) =>
      unit({
        name,
        initialize({ registry }: { registry: ServiceRegistry }) {
          return {
            async onServiceDiscovery(query: ServiceQuery) {
              asked++;
              return [...(await registry.discover(query)), elsewhere(`${name}.seen`)];
            },
          };
        },
      });
    const { found } = await search({ name: 'cart' }, asking('one'), asking('two'));
    expect((await found).map(({ id }) => id).sort()).toEqual(['bank.cart', 'one.seen', 'shop.cart', 'two.seen']);
    expect(asked).toBe(2);
  });

  it('comes to an end where one who is asked asks another, who looks again', { timeout: 5000 }, async () => {
    const index = service<{ find(query: ServiceQuery): Promise<readonly ServiceInfo[]> }>('finder.index');
    let asked = 0;
    const finder = unit({
      name: 'finder',
      provides: [index],
      initialize({ provide, registry }) {
        provide(index, { find: (query) => registry.discover(query) });
      },
    });
    const asker = unit({
      name: 'asker',
      needs: { index },
      initialize({ services }) {
        return {
          async onServiceDiscovery(query: ServiceQuery) {
            asked++;
            const found = await withCallOptions(services.index, { timeout: 1000 }).find(query);
            return [...found, elsewhere('asker.seen')];
          },
        };
      },
    });
    const { found } = await search({ name: 'cart' }, finder, asker);
    expect((await found).map(({ id }) => id).sort()).toEqual(['asker.seen', 'bank.cart', 'shop.cart']);
    expect(asked).toBe(1);
  });
});

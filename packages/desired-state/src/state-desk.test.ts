import type { JsonSchema } from '@backplane/plugin-api';
import { type Behind, type ChangeTarget, type StateEdit, type WantedState, withPlugin } from '@backplane/ports';
import { beforeEach, describe, expect, it } from 'vitest';
import { SecretShelf } from './secret-shelf.ts';
import { StateDesk, type StateDeskOptions } from './state-desk.ts';
import { MemoryRepository } from './testing/memory-repository.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });

/** Runs what it is told, and notes it. */
class FakeTarget implements ChangeTarget {
  ready = true;
  readonly schemas = new Map<string, JsonSchema>();
  readonly pins = new Map<string, string>();
  readonly refused = new Map<string, Error>();
  /** What runs. */
  running: WantedState = { plugins: {} };
  failsWith: Error | undefined;
  breaks: Error | undefined;
  discarded = 0;
  /** Called while a change is prepared. */
  preparing: (() => Promise<void>) | undefined;

  async prepare(state: WantedState, names: readonly string[]) {
    await this.preparing?.();
    return {
      refusals: names.flatMap((plugin) => {
        const error = this.refused.get(plugin);
        return error === undefined ? [] : [{ plugin, error }];
      }),
      plan: () => {
        if (this.breaks) throw this.breaks;
        return names.map((name) => ({
          name,
          action: 'replace' as const,
          fromVersion: '1.0.0',
          toVersion: '1.0.0',
          reason: 'configuration changed',
        }));
      },
      apply: async () => {
        if (this.failsWith) throw this.failsWith;
        this.running = state;
        return { generation: 1, steps: [], tookMs: 0 };
      },
      discard: async () => {
        this.discarded += 1;
      },
    };
  }

  pinnedBy = (plugin: string, key: string) => this.pins.get(`${plugin}.${key}`);
  schemaOf = (plugin: string) => this.schemas.get(plugin);
}

const box = {
  seal: (text: string, context: string) => `sealed:${Buffer.from(`${context}=${text}`).toString('base64')}`,
  open: (envelope: string, context: string) => {
    const text = Buffer.from(envelope.slice('sealed:'.length), 'base64').toString();
    if (!text.startsWith(`${context}=`)) throw new Error('It belongs elsewhere.');
    return text.slice(context.length + 1);
  },
  isCurrent: () => true,
};

let repository: MemoryRepository;
let target: FakeTarget;
let desk: StateDesk;
let returned: string[];

beforeEach(async () => {
  repository = new MemoryRepository();
  target = new FakeTarget();
  returned = [];
  desk = makeDesk();
  await desk.open();
});

const makeDesk = (more: Partial<StateDeskOptions> = {}) =>
  new StateDesk({
    repository,
    shelf: new SecretShelf(box, repository),
    target,
    onReturned: (message) => returned.push(message),
    sealed: (reveal) => ({ secret: reveal() }),
    ...more,
  });

const setting = (key: string, value: number | string, more: Partial<StateEdit> = {}): StateEdit => ({
  author: 'ann',
  origin: '127.0.0.1',
  comment: `${key} is ${value}`,
  action: 'config.set',
  target: 'orders',
  edit: (state, seal) =>
    withPlugin(state, 'orders', (plugin) => ({
      ...plugin,
      config: { ...plugin.config, [key]: seal('orders', key, value) },
    })),
  ...more,
});

describe('a change of what is to run', () => {
  it('is kept with who made it and what it changed, and runs', async () => {
    const { revision, differences, report } = await desk.apply(setting('timeout', 30));
    expect(revision).toMatchObject({ id: 1, author: 'ann', comment: 'timeout is 30' });
    expect(differences).toEqual([{ plugin: 'orders', key: 'config.timeout', before: undefined, after: 30 }]);
    expect(report?.generation).toBe(1);
    expect(desk.current).toEqual(revision);
    expect(target.running).toEqual({ plugins: { orders: { config: { timeout: { value: 30 } } } } });
    expect(repository.drafts[0]?.audit).toEqual({
      actor: 'ann',
      origin: '127.0.0.1',
      action: 'config.set',
      target: 'orders',
      before: { 'orders.config.timeout': null },
      after: { 'orders.config.timeout': 30 },
    });
  });

  it('that changes nothing makes no revision', async () => {
    await desk.apply(setting('timeout', 30));
    expect(await desk.apply(setting('timeout', 30))).toMatchObject({ revision: { id: 1 }, report: undefined });
    expect(repository.drafts).toHaveLength(1);
  });

  it('is planned without being made', async () => {
    const plan = await desk.plan(setting('timeout', 30));
    expect(plan).toMatchObject({ revision: 0, steps: [{ name: 'orders', action: 'replace' }] });
    expect(plan.differences).toHaveLength(1);
    expect(repository.drafts).toEqual([]);
    expect(target.discarded).toBe(1);
  });

  it('is refused when it was made for another revision than the newest', async () => {
    await desk.apply(setting('timeout', 30, { expected: 0 }));
    await expect(desk.apply(setting('timeout', 60, { expected: 0 }))).rejects.toEqual(code('BP_STATE_OUTDATED'));
    expect(await desk.apply(setting('timeout', 60, { expected: 1 }))).toMatchObject({ revision: { id: 2 } });
  });

  it('waits for those that were asked for before, so that none is lost', async () => {
    target.preparing = () => new Promise((done) => setImmediate(done));
    await Promise.all(Array.from({ length: 20 }, (_, index) => desk.apply(setting(`key${index}`, index))));
    expect(Object.keys(desk.current.state.plugins.orders?.config ?? {})).toHaveLength(20);
    expect(target.running).toEqual(desk.current.state);
  });

  it('that could not run is refused whole, with everything that is wrong, and nothing is kept', async () => {
    const issues = [{ message: 'timeout is no number', path: ['timeout'] }];
    const error = Object.assign(new Error('No.'), { code: 'BP_CONFIG_INVALID', details: { issues } });
    target.refused.set('orders', error);
    await expect(desk.apply(setting('timeout', 'long'))).rejects.toMatchObject({
      code: 'BP_CHANGE_REFUSED',
      details: { plugins: [{ plugin: 'orders', code: 'BP_CONFIG_INVALID', message: 'No.', issues }] },
    });
    expect(repository.drafts).toEqual([]);
    expect(desk.visible).toEqual({ plugins: {} });
    expect(target.discarded).toBe(1);
  });

  it('that the plan forbids is refused before anything is kept', async () => {
    target.breaks = new Error('It would stop others.');
    await expect(desk.apply(setting('timeout', 1))).rejects.toThrow('It would stop others.');
    expect(repository.drafts).toEqual([]);
  });

  it('that fails is taken back, and what was to run before is kept again', async () => {
    await desk.apply(setting('timeout', 30));
    target.failsWith = new Error('It did not start.');
    await expect(desk.apply(setting('timeout', 60))).rejects.toThrow('It did not start.');
    expect(desk.current).toMatchObject({ id: 3, author: 'host', state: target.running });
    expect(desk.visible).toEqual(target.running);
    expect(returned).toEqual(['Returned from revision 2: It did not start.']);
    expect(repository.drafts[2]?.audit).toMatchObject({
      action: 'state.return',
      before: { 'orders.config.timeout': 60 },
      after: { 'orders.config.timeout': 30 },
    });
    target.failsWith = undefined;
    expect(await desk.apply(setting('timeout', 90))).toMatchObject({ revision: { id: 4 } });
  });

  it('that fails, and whose return cannot be kept, says so and is still wanted', async () => {
    await desk.apply(setting('timeout', 30));
    target.failsWith = new Error('It did not start.');
    const { commit } = repository;
    repository.commit = async (draft) => {
      if (draft.author === 'host') throw new Error('The disk is full.');
      return commit.call(repository, draft);
    };
    await expect(desk.apply(setting('timeout', 60))).rejects.toThrow('It did not start.');
    expect(returned).toEqual([expect.stringContaining('The disk is full.')]);
    expect(desk.current.id).toBe(2);
    target.failsWith = undefined;
    expect(await desk.apply(setting('retries', 1))).toMatchObject({ revision: { id: 3 } });
    expect(target.running.plugins.orders?.config).toEqual({ timeout: { value: 60 }, retries: { value: 1 } });
  });

  it('that cannot be kept does not run', async () => {
    repository.failsWith = new Error('The disk is full.');
    await expect(desk.apply(setting('timeout', 30))).rejects.toThrow('The disk is full.');
    expect(target.running).toEqual({ plugins: {} });
    expect(desk.visible).toEqual({ plugins: {} });
    expect(target.discarded).toBe(1);
  });

  it('of what an environment variable decides is refused', async () => {
    target.pins.set('orders.timeout', 'BACKPLANE_PLUGINS__ORDERS__TIMEOUT');
    await expect(desk.apply(setting('timeout', 30))).rejects.toMatchObject({
      code: 'BP_CONFIG_PINNED',
      message: expect.stringContaining('BACKPLANE_PLUGINS__ORDERS__TIMEOUT'),
    });
    expect(await desk.apply(setting('retries', 3))).toMatchObject({ revision: { id: 1 } });
  });

  it('waits until the host runs plugins', async () => {
    target.ready = false;
    await expect(desk.apply(setting('timeout', 30))).rejects.toEqual(code('BP_STATE_NOT_READY'));
  });

  it('of what is only said about a plugin reaches no plugin', async () => {
    const about = setting('x', 1, {
      edit: (state) => withPlugin(state, 'orders', (plugin) => ({ ...plugin, about: { description: 'Sells.' } })),
    });
    expect(await desk.apply(about)).toMatchObject({ revision: { id: 1 }, report: undefined });
  });
});

describe('what nobody may read', () => {
  const schema: JsonSchema = {
    type: 'object',
    properties: {
      token: { type: 'string', encrypted: true },
      smtp: { type: 'object', properties: { password: { type: 'string', encrypted: true } } },
      timeout: { type: 'number' },
    },
  } as JsonSchema;
  const CANARY = 'canary-in-a-coal-mine';
  const everything = () => JSON.stringify([repository.drafts, desk.current]);

  it.each(['token', 'smtp.password', 'smtp'])(
    'is sealed where the schema says so of %s, or of a part of it',
    async (key) => {
      target.schemas.set('orders', schema);
      const { differences } = await desk.apply(setting(key, CANARY, { comment: '' }));
      expect(differences).toEqual([{ plugin: 'orders', key: `config.${key}`, before: undefined, after: '***' }]);
      expect(everything()).not.toContain(CANARY);
      const wanted = desk.current.state.plugins.orders?.config?.[key];
      expect(wanted).toEqual({ secret: expect.any(String) });
      expect(desk.reveal(wanted as { secret: string })).toBe(CANARY);
      await desk.apply(setting('timeout', 1));
      expect(JSON.stringify(desk.layerOf('orders'))).toContain(CANARY);
    },
  );

  it('is sealed wherever somebody asks for it', async () => {
    const edit: StateEdit['edit'] = (state, seal) =>
      withPlugin(state, 'orders', () => ({ config: { free: seal('orders', 'free', CANARY, true) } }));
    await desk.apply(setting('x', 1, { edit }));
    expect(everything()).not.toContain(CANARY);
  });

  it('is there again for another host that opens the same', async () => {
    target.schemas.set('orders', schema);
    await desk.apply(setting('token', CANARY));
    expect(await desk.apply(setting('token', CANARY))).toMatchObject({ revision: { id: 1 }, differences: [] });
    const other = makeDesk();
    await other.open();
    expect(other.layerOf('orders')).toEqual({ name: 'api', value: { token: { secret: CANARY } } });
  });
});

describe('what a state says of a plugin', () => {
  it('is a layer of its keys by their paths, with those within a map over that map', async () => {
    const edit: StateEdit['edit'] = (state) =>
      withPlugin(state, 'orders', () => ({
        enabled: false,
        config: {
          'pkd.urls': { value: ['a'] },
          pkd: { value: { urls: [], every: 5 } },
          'a.b.c': { value: 1 },
          '__proto__.x': { value: 1 },
        },
      }));
    await desk.apply(setting('x', 1, { edit }));
    expect(desk.layerOf('orders')).toEqual({
      name: 'api',
      value: { enabled: false, pkd: { urls: ['a'], every: 5 }, a: { b: { c: 1 } } },
    });
    expect(({} as { x?: number }).x).toBeUndefined();
    expect(desk.layerOf('others')).toBeUndefined();
    expect(desk.layerOf('constructor')).toBeUndefined();
  });
});

describe('what another host has changed', () => {
  let here: StateDesk;
  let there: FakeTarget;
  let told: (Behind | undefined)[];
  let now: number;
  beforeEach(async () => {
    there = new FakeTarget();
    told = [];
    now = 0;
    here = makeDesk({ shared: true, target: there, onBehind: (behind) => told.push(behind), now: () => now });
    await here.open();
  });

  it('runs here as well, with its secrets', async () => {
    await desk.apply(setting('timeout', 60));
    target.schemas.set('orders', { type: 'object', properties: { token: { type: 'string', encrypted: true } } });
    await desk.apply(setting('token', 'hidden'));
    await here.follow();
    expect(here.current).toMatchObject({ id: 2 });
    expect(there.running).toEqual(here.current.state);
    expect(here.layerOf('orders')).toEqual({ name: 'api', value: { timeout: 60, token: { secret: 'hidden' } } });
    expect(told).toEqual([]);
  });

  it('is what a change here is made on top of, whoever comes first', async () => {
    await desk.apply(setting('timeout', 60));
    expect(await here.apply(setting('region', 'us'))).toMatchObject({ revision: { id: 2, parent: 1 } });
    expect(here.current.state.plugins.orders?.config).toEqual({ timeout: { value: 60 }, region: { value: 'us' } });
    await expect(here.apply(setting('region', 'eu', { expected: 1 }))).rejects.toMatchObject({
      code: 'BP_STATE_OUTDATED',
    });
  });

  it('and cannot run here leaves what ran, is told once, and is tried again later', async () => {
    there.failsWith = new Error('no room');
    await desk.apply(setting('timeout', 60));
    await here.follow();
    await here.follow();
    expect(told).toEqual([{ revision: 1, reason: 'no room' }]);
    expect(here.behind).toEqual({ revision: 1, reason: 'no room' });
    expect(here.visible.plugins).toEqual({});
    there.failsWith = undefined;
    await here.follow();
    expect(here.behind).toBeDefined();
    now += 30_000;
    await here.follow();
    expect(here.behind).toBeUndefined();
    expect(told).toHaveLength(2);
    expect(there.running?.plugins.orders?.config).toEqual({ timeout: { value: 60 } });
  });

  it('is still told where a change here fails for its own sake', async () => {
    there.failsWith = new Error('no room');
    await desk.apply(setting('timeout', 60));
    await here.follow();
    await expect(here.apply(setting('region', 'us'))).rejects.toThrow('no room');
    expect(here.behind).toMatchObject({ revision: 1 });
    expect(here.visible.plugins).toEqual({});
    expect(here.current).toMatchObject({ id: 3, author: 'host' });
  });

  it('comes to run with the next change here, where it did not before', async () => {
    there.failsWith = new Error('no room');
    await desk.apply(setting('timeout', 60));
    await here.follow();
    there.failsWith = undefined;
    await here.apply(setting('region', 'us'));
    expect(there.running?.plugins.orders?.config).toEqual({ timeout: { value: 60 }, region: { value: 'us' } });
    expect(here.behind).toBeUndefined();
  });
});

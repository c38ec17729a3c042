import type { KnownPluginFacts, RevisionDraft, WantedState } from '@backplane/ports';
import { expect, it } from 'vitest';
import type { Store } from '../store.ts';
import { describeOnBoth } from '../testing/use-databases.ts';
import { createAnswerBook } from './answer-book.ts';
import { createCatalogue } from './catalogue.ts';
import { createOperationBook } from './operation-book.ts';
import { createStateRepository } from './state-repository.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const audit = { actor: 'somebody', origin: 'test', action: 'config.set', target: 'orders' };

const draft = (parent: number, state: WantedState, more: Partial<RevisionDraft> = {}): RevisionDraft => ({
  parent,
  author: 'somebody',
  comment: '',
  state,
  secrets: [],
  audit,
  ...more,
});

const wanting = (timeout: number): WantedState => ({
  plugins: { orders: { enabled: true, config: { timeout: { value: timeout } } } },
});

const facts = (name: string, more: Partial<KnownPluginFacts> = {}): KnownPluginFacts => ({
  name,
  displayName: name.toUpperCase(),
  description: '',
  version: '1.0.0',
  author: '',
  type: 'custom',
  modulePath: undefined,
  entryPoint: undefined,
  configSchema: undefined,
  enabled: true,
  dependencies: [],
  ...more,
});

describeOnBoth('what is kept of the desired state', (fresh) => {
  const using = async (action: (store: Store) => Promise<void>) => {
    const store = await (await fresh()).open();
    try {
      await action(store);
    } finally {
      await store.close();
    }
  };

  it('begins with nothing, and keeps every revision that follows', () =>
    using(async (store) => {
      const states = createStateRepository(store, { now: () => 1_764_000_000_000 });
      expect(await states.current()).toMatchObject({ id: 0, state: { plugins: {} } });
      const first = await states.commit(draft(0, wanting(1), { comment: 'the first' }));
      const second = await states.commit(draft(first.id, wanting(2)));
      expect(await states.current()).toEqual(second);
      expect(await states.revision(first.id)).toEqual({
        id: first.id,
        parent: undefined,
        author: 'somebody',
        comment: 'the first',
        createdAt: 1_764_000_000_000,
        state: wanting(1),
      });
      expect(await states.revision(99)).toBeUndefined();
      expect((await states.revisions({ limit: 10 })).map(({ id }) => id)).toEqual([second.id, first.id]);
      expect((await states.revisions({ limit: 10, before: second.id })).map(({ id }) => id)).toEqual([first.id]);
    }));

  it('refuses a change of what is no longer the newest, and lets one of many that come at once win', () =>
    using(async (store) => {
      const states = createStateRepository(store);
      const rivals = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) => states.commit(draft(0, wanting(index)))),
      );
      expect(rivals.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const rival of rivals) if (rival.status === 'rejected') expect(rival.reason).toEqual(code('BP_STATE_STALE'));
      const { id } = await states.current();
      const again = await Promise.allSettled([
        states.commit(draft(id, wanting(8))),
        states.commit(draft(id, wanting(9))),
      ]);
      expect(again.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await states.revisions({ limit: 10 })).toHaveLength(2);
    }));

  it('writes a revision, its secrets, its rows and its place in the audit trail together, or nothing', () =>
    using(async (store) => {
      let fails = true;
      const entries: unknown[] = [];
      const states = createStateRepository(store, {
        audit: async (_transaction, entry) => {
          if (fails) throw new Error('the trail is away');
          entries.push(entry);
        },
      });
      const state: WantedState = { plugins: { orders: { config: { token: { secret: 's1' } } } } };
      const change = draft(0, state, { secrets: [{ id: 's1', context: 'orders/token', envelope: 'sealed' }] });
      await expect(states.commit(change)).rejects.toThrow('the trail is away');
      expect(await states.current()).toMatchObject({ id: 0 });
      expect(await states.secrets()).toEqual([]);
      expect(await createCatalogue(store).plugins()).toEqual([]);
      fails = false;
      await states.commit(change);
      expect(entries).toEqual([audit]);
      expect(await states.secrets()).toEqual([{ id: 's1', context: 'orders/token', envelope: 'sealed' }]);
      await states.reseal([{ id: 's1', context: 'orders/token', envelope: 'sealed anew' }]);
      expect(await states.secrets()).toMatchObject([{ envelope: 'sealed anew' }]);
    }));

  it('keeps the ids of keys and hooks that a revision does not change', () =>
    using(async (store) => {
      const states = createStateRepository(store);
      const catalogue = createCatalogue(store);
      const hook = {
        hook_name: 'customer_created',
        hook_type: 'action' as const,
        callback_method: 'greet',
        priority: 100,
        conditions: { region: ['eu'] },
        description: '',
        active: true,
      };
      const first: WantedState = {
        plugins: { orders: { config: { a: { value: 1 }, b: { value: [2] }, c: { secret: 's' } }, hooks: [hook] } },
      };
      const { id } = await states.commit(draft(0, first));
      const plugin = await catalogue.plugin('orders');
      const own = plugin?.id ?? 0;
      const before = await catalogue.configurations(own);
      expect(before).toMatchObject([
        { key: 'a', value: 1, secret: undefined },
        { key: 'b', value: [2] },
        { key: 'c', value: undefined, secret: 's' },
      ]);
      const [greets] = await catalogue.hooks(own);
      expect(greets).toMatchObject({ hookName: 'customer_created', conditions: { region: ['eu'] }, active: true });
      const late = { ...hook, callback_method: 'later', priority: 5 };
      await states.commit(
        draft(id, { plugins: { orders: { config: { b: { value: [3] }, c: { secret: 's' } }, hooks: [late, hook] } } }),
      );
      const after = await catalogue.configurations(own);
      expect(after.map(({ id, key }) => [id, key])).toEqual(before.slice(1).map(({ id, key }) => [id, key]));
      expect(after[0]?.value).toEqual([3]);
      const hooks = await catalogue.hooks(own);
      expect(hooks.map(({ callbackMethod }) => callbackMethod)).toEqual(['later', 'greet']);
      expect(hooks[1]?.id).toBe(greets?.id);
    }));

  it('knows the plugins that it was told of, with numbers that stay and never come again', () =>
    using(async (store) => {
      let at = 1000;
      const catalogue = createCatalogue(store, () => at);
      const needs = { name: 'stock', range: '^1.0.0', optional: false, satisfied: true };
      await catalogue.sync([facts('orders', { dependencies: [needs] }), facts('stock')], () => false);
      const [orders, stock] = await catalogue.plugins();
      expect(orders).toMatchObject({ name: 'orders', displayName: 'ORDERS', enabled: true, createdAt: 1000 });
      expect(await catalogue.dependencies(orders?.id ?? 0)).toEqual([needs]);
      expect([...(await catalogue.dependencyGraph())]).toEqual([['orders', ['stock']]]);
      await catalogue.sync([facts('orders', { dependencies: undefined }), facts('stock')], () => false);
      expect(await catalogue.dependencies(orders?.id ?? 0)).toEqual([needs]);
      at = 2000;
      await catalogue.sync([facts('orders', { version: '2.0.0' }), facts('audit')], () => false);
      const now = await catalogue.plugins();
      expect(now.map(({ name, version, updatedAt }) => [name, version, updatedAt])).toEqual([
        ['audit', '1.0.0', 2000],
        ['orders', '2.0.0', 2000],
      ]);
      expect(now[1]?.id).toBe(orders?.id);
      expect(now[0]?.id).toBeGreaterThan(stock?.id ?? 0);
      expect(await catalogue.plugin(now[0]?.id ?? 0)).toEqual(now[0]);
      expect(await catalogue.plugin('stock')).toBeUndefined();
      expect(await catalogue.dependencies(orders?.id ?? 0)).toEqual([]);
    }));

  it('takes in thousands of plugins at once', () =>
    using(async (store) => {
      const catalogue = createCatalogue(store);
      await catalogue.sync(
        Array.from({ length: 2500 }, (_, index) => facts(`plugin-${index}`)),
        () => false,
      );
      expect(await catalogue.plugins()).toHaveLength(2500);
      await catalogue.sync([], () => false);
      expect(await catalogue.plugins()).toEqual([]);
    }));

  it('keeps templates, and gives them page by page', () =>
    using(async (store) => {
      const catalogue = createCatalogue(store);
      const template = (name: string, type: string) => ({
        name,
        displayName: name,
        description: '',
        type,
        files: { 'plugin.ts': 'export {};' },
      });
      for (const [name, type] of [
        ['mail', 'communication'],
        ['pay', 'billing'],
        ['chat', 'communication'],
      ] as const)
        await catalogue.addTemplate(template(name, type));
      await expect(catalogue.addTemplate(template('mail', 'billing'))).rejects.toEqual(code('BP_TEMPLATE_EXISTS'));
      const names = async (...page: Parameters<typeof catalogue.templates>) =>
        (await catalogue.templates(...page)).map(({ name }) => name);
      expect(await names({ limit: 2 })).toEqual(['mail', 'pay']);
      const [, second] = await catalogue.templates({ limit: 2 });
      expect(await names({ limit: 2, after: second?.id })).toEqual(['chat']);
      expect(await names({ limit: 5, type: 'communication' })).toEqual(['mail', 'chat']);
    }));

  it('finds what can be installed by a word, whatever the word is made of', () =>
    using(async (store) => {
      const entry = (name: string, description: string) => ({
        name,
        version: '1.0.0',
        display_name: name,
        description,
        author: '',
        plugin_type: 'billing',
        source: `/packages/${name}`,
        digest: null,
        published_at: 1,
      });
      const rows = [entry('pay', 'Takes 100% of cards'), entry('pay_later', 'In a month'), entry('paypal', 'Other')];
      await store.db.insertInto('plugin_registry').values(rows).execute();
      const { registry } = createCatalogue(store);
      const found = async (search: string) => (await registry({ limit: 9, search })).map(({ name }) => name);
      expect(await found('PAY')).toEqual(['pay', 'pay_later', 'paypal']);
      expect(await found('0%')).toEqual(['pay']);
      expect(await found('y_l')).toEqual(['pay_later']);
      expect(await found('%')).toEqual(['pay']);
      expect(await found('\\')).toEqual([]);
      expect(await registry({ limit: 9, type: 'custom' })).toEqual([]);
    }));

  it('gives the answer to a write to whoever asks the same again, and the key back when nothing came of it', () =>
    using(async (store) => {
      let at = 1000;
      const answers = createAnswerBook(store, () => at);
      const claims = await Promise.all([1, 2, 3].map(() => answers.claim('key', 'digest')));
      expect(claims.filter((claim) => claim === undefined)).toHaveLength(1);
      expect(claims.filter((claim) => claim !== undefined)).toEqual([
        { digest: 'digest', answer: undefined },
        { digest: 'digest', answer: undefined },
      ]);
      await answers.keep('key', { status: 201, body: '{}', etag: '"1"' });
      expect(await answers.claim('key', 'other')).toEqual({
        digest: 'digest',
        answer: { status: 201, body: '{}', etag: '"1"' },
      });
      await answers.claim('lost', 'digest');
      await answers.release('lost');
      expect(await answers.claim('lost', 'digest')).toBeUndefined();
      at = 5000;
      await answers.sweep(2000);
      expect(await answers.claim('key', 'digest')).toBeUndefined();
      expect(await answers.claim('lost', 'digest')).toBeUndefined();
    }));

  it('keeps what became of operations, also of those whose host has died', () =>
    using(async (store) => {
      const operations = createOperationBook(store, () => 1000);
      await operations.add({ id: 'one', kind: 'apply', requestedBy: 'somebody' });
      await operations.add({ id: 'two', kind: 'apply', requestedBy: 'somebody' });
      await operations.finish('one', 'applied', { generation: 3 });
      await operations.endAbandoned();
      expect(await operations.get('one')).toMatchObject({ status: 'applied', result: { generation: 3 } });
      expect(await operations.get('two')).toMatchObject({
        status: 'failed',
        result: { code: 'BP_OPERATION_ABANDONED' },
        finishedAt: 1000,
      });
      expect((await operations.list(10)).map(({ id }) => id)).toEqual(['two', 'one']);
      expect(await operations.get('three')).toBeUndefined();
    }));
});

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { MIGRATIONS, type Migration } from './migrations.ts';
import type { Store } from './store.ts';
import { describeOnBoth, type TestDatabase } from './testing/use-databases.ts';

const TABLES = [
  'plugins',
  'plugin_configurations',
  'plugin_hooks',
  'plugin_dependencies',
  'plugin_logs',
  'plugin_registry',
  'plugin_templates',
  'revisions',
  'desired_state',
  'operations',
  'idempotency_keys',
  'audit',
  'secrets',
  'audit_heads',
] as const;

const plugin = (name: string) => ({
  name,
  display_name: name,
  description: '',
  version: '1.0.0',
  author: '',
  plugin_type: 'custom',
  module_path: null,
  entry_point: null,
  config_schema: null,
  enabled: 1 as const,
  created_at: 1_764_000_000_000,
  updated_at: 1_764_000_000_000,
});

const versions = async ({ db }: Store) =>
  (await db.selectFrom('schema_migrations').select('version').orderBy('version').execute()).map((row) => row.version);

/** Of the newest schema. */
const NEWEST = MIGRATIONS.length;

/** Opens the database in a process of its own, which dies after so many statements. Gives how many it made, where it lived. */
function openAndDie(
  { where }: TestDatabase,
  after: number,
): Promise<{ readonly killed: boolean; readonly made: number }> {
  const fixture = fileURLToPath(new URL('./testing/killed-opener.fixture.ts', import.meta.url));
  const args = ['--conditions=backplane-source', '--disable-warning=ExperimentalWarning', fixture];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...args, JSON.stringify({ where, after })], (error, stdout, stderr) => {
      const killed = error?.signal === 'SIGKILL';
      if (error !== null && !killed) reject(new Error(stderr, { cause: error }));
      else resolve({ killed, made: Number(stdout) });
    });
  });
}

describeOnBoth('the store', (fresh) => {
  it('has every table, empty, and is left as it was when it is opened again', async () => {
    const database = await fresh();
    const first = await database.open();
    for (const table of TABLES) expect(await first.db.selectFrom(table).selectAll().execute()).toEqual([]);
    await first.db.insertInto('plugins').values(plugin('orders')).execute();
    await first.close();
    const second = await database.open();
    expect(await second.db.selectFrom('plugins').select(['name', 'created_at', 'enabled']).execute()).toEqual([
      { name: 'orders', created_at: 1_764_000_000_000, enabled: 1 },
    ]);
    expect(await versions(second)).toEqual(MIGRATIONS.map(({ version }) => version));
    await second.close();
  });

  it('keeps rows together: names are taken once, and what belongs to a plugin goes with it', async () => {
    const store = await (await fresh()).open();
    const { id } = await store.db
      .insertInto('plugins')
      .values(plugin('orders'))
      .returning('id')
      .executeTakeFirstOrThrow();
    expect(id).toBeTypeOf('number');
    await expect(store.db.insertInto('plugins').values(plugin('orders')).execute()).rejects.toThrow();
    const key = { plugin_id: id, key: 'a', value: '1', encrypted: 0 as const, created_at: 1, updated_at: 1 };
    await store.db.insertInto('plugin_configurations').values(key).execute();
    await expect(
      store.db
        .insertInto('plugin_configurations')
        .values({ ...key, key: 'b', encrypted: 2 as never })
        .execute(),
    ).rejects.toThrow();
    await store.db.deleteFrom('plugins').where('id', '=', id).execute();
    expect(await store.db.selectFrom('plugin_configurations').selectAll().execute()).toEqual([]);
    await store.close();
  });

  it('writes all of a transaction or nothing', async () => {
    const store = await (await fresh()).open();
    await expect(
      store.db.transaction().execute(async (own) => {
        await own.insertInto('plugins').values(plugin('orders')).execute();
        throw new Error('No.');
      }),
    ).rejects.toThrow('No.');
    expect(await store.db.selectFrom('plugins').selectAll().execute()).toEqual([]);
    await store.close();
  });

  it('makes a schema that is whole, wherever the one who makes it is killed', async () => {
    const { made } = await openAndDie(await fresh(), 0);
    expect(made).toBeGreaterThan(20);
    for (let after = 1; after <= made; after++) {
      const one = await fresh();
      expect(await openAndDie(one, after)).toMatchObject({ killed: true });
      const store = await one.open();
      expect(await versions(store)).toEqual(MIGRATIONS.map(({ version }) => version));
      for (const table of TABLES) expect(await store.db.selectFrom(table).selectAll().execute()).toEqual([]);
      await store.close();
    }
  }, 120_000);

  it('goes on with the step that failed, once it is mended, and leaves nothing of it behind', async () => {
    const database = await fresh();
    const failing: Migration = {
      version: NEWEST + 1,
      name: 'more',
      minCompatible: NEWEST + 1,
      async up(db) {
        await db.schema.createTable('more').addColumn('id', 'text').execute();
        await sql`insert into nowhere values (1)`.execute(db);
      },
    };
    const error = await database.open({ migrations: [...MIGRATIONS, failing] }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'BP_STORE_MIGRATION_FAILED', details: { migration: 'more' } });
    const mended: Migration = {
      ...failing,
      up: (db) => db.schema.createTable('more').addColumn('id', 'text').execute(),
    };
    const store = await database.open({ migrations: [...MIGRATIONS, mended] });
    expect(await versions(store)).toEqual([...MIGRATIONS, mended].map(({ version }) => version));
    await store.close();
  });

  it('refuses a schema that it does not understand, and takes a newer one that it does', async () => {
    const later = (minCompatible: number): readonly Migration[] => [
      ...MIGRATIONS,
      { version: NEWEST + 1, name: 'later', minCompatible, up: async () => {} },
    ];
    const gentle = await fresh();
    await (await gentle.open({ migrations: later(NEWEST) })).close();
    await (await gentle.open()).close();
    const strict = await fresh();
    await (await strict.open({ migrations: later(NEWEST + 1) })).close();
    await expect(strict.open()).rejects.toMatchObject({
      code: 'BP_STORE_NEWER',
      details: { found: NEWEST + 1, needs: NEWEST + 1, knows: NEWEST },
    });
  });
});

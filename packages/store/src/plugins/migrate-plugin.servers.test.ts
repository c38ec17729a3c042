import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { DatabaseMigration } from '@backplane/plugin-api';
import { expect, it } from 'vitest';
import { describePluginDatabases, MIGRATIONS } from '../testing/describe-plugin-databases.ts';
import { slowMigrations } from '../testing/slow-migrations.ts';
import { createDatabaseService } from './database-service.ts';

describePluginDatabases('migrations of plugins', ({ place }) => {
  it('makes migrations once, and goes on with those that are new', async () => {
    const open = await place();
    const first = open().database('shop');
    await first.migrate(MIGRATIONS.slice(0, 1), false);
    await first.migrate(MIGRATIONS.slice(0, 1), false);
    await createDatabaseService(first).insert('orders', { customer: 'kept' });
    const second = open().database('shop');
    await second.migrate(MIGRATIONS, false);
    expect(await createDatabaseService(second).query('select customer from orders')).toEqual([{ customer: 'kept' }]);
    // The version before works on what the next one left, and what it left stays.
    await first.migrate(MIGRATIONS.slice(0, 1), false);
    await createDatabaseService(first).insert('tags', { order_id: 1, tag: 'still there' });
  });

  it('makes nothing of a migration that fails, and keeps those before it', async () => {
    const database = (await place())().database('shop');
    const bad = { name: 'bad', up: 'create table half (a text); insert into nowhere values (1)' };
    const failed = database.migrate([...MIGRATIONS, bad], false);
    await expect(failed).rejects.toMatchObject({
      code: 'BP_DATABASE_MIGRATION_FAILED',
      details: expect.objectContaining({ migration: 'bad' }),
    });
    await expect(database.run('select * from half', [])).rejects.toMatchObject({ code: 'BP_DATABASE_FAILED' });
    expect((await database.run('select * from tags', [])).rows).toEqual([]);
    await database.migrate([...MIGRATIONS, { name: 'bad', up: 'create table half (a text)' }], false);
    expect((await database.run('select * from half', [])).rows).toEqual([]);
  });

  it('refuses a migration that was changed, renamed or put before others', async () => {
    const database = (await place())().database('shop');
    const [one, two, three] = ['one', 'two', 'three'].map((name) => ({
      name,
      up: `create table ${name} (a text)`,
    })) as [DatabaseMigration, DatabaseMigration, DatabaseMigration];
    await database.migrate([one, two], false);
    const changed = { code: 'BP_DATABASE_MIGRATION_CHANGED' };
    await expect(
      database.migrate([one, { ...two, up: 'create table two (a text, b text)' }], false),
    ).rejects.toMatchObject(changed);
    await expect(database.migrate([one, three, two], false)).rejects.toMatchObject(changed);
    await expect(database.migrate([one, one], false)).rejects.toMatchObject({ code: 'BP_DATABASE_MIGRATIONS_INVALID' });
    await expect(database.migrate([one, { name: 'x', up: { sqlite: '' } as never }], false)).rejects.toMatchObject({
      code: 'BP_DATABASE_MIGRATIONS_INVALID',
    });
    await database.migrate([one, two, three], false);
  });

  it('refuses an older version only below what the newest breaking migration allows', async () => {
    const database = (await place())().database('shop');
    const one = { name: 'one', up: 'create table one (a text)' };
    const two = { name: 'two', up: 'alter table one rename column a to b', breaking: true };
    const three = { name: 'three', up: 'create table three (a text)' };
    await database.migrate([one], false);
    await expect(database.migrate([one, two], false)).rejects.toMatchObject({ code: 'BP_DATABASE_MIGRATION_BREAKING' });
    await database.migrate([one, two, three], true);
    await expect(database.migrate([one], false)).rejects.toMatchObject({ code: 'BP_DATABASE_NEWER' });
    await database.migrate([one, two], false);
  });

  it('goes on where migrations were killed, whenever that was', async () => {
    const open = await place();
    const fixture = fileURLToPath(new URL('../testing/killed-migrator.fixture.ts', import.meta.url));
    let killed = 0;
    for (let afterMs = 60; ; afterMs += 40) {
      const child = spawn(process.execPath, [...process.execArgv, fixture, JSON.stringify(open.where)], {
        stdio: 'ignore',
      });
      const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
      const [code] = await once(child, 'exit');
      clearTimeout(timer);
      if (code === 0) break;
      killed++;
    }
    expect(killed).toBeGreaterThan(3);
    const database = open().database('shop');
    await database.migrate(slowMigrations, false);
    const { rows } = await database.run('select name from backplane_migrations order by position', []);
    expect(rows).toEqual(slowMigrations.map(({ name }) => ({ name })));
    for (const n of slowMigrations.keys())
      expect((await database.run(`select count(*) as n from step_${n}`, [])).rows).toEqual([{ n: 2 * n + 3 }]);
  }, 120_000);

  it('makes migrations once when several ask at once, while others work', async () => {
    const open = await place();
    const provider = open();
    const database = provider.database('shop');
    const other = createDatabaseService(provider.database('other'));
    await other.execute('create table t (a text)');
    await Promise.all([
      database.migrate(MIGRATIONS, false),
      database.migrate(MIGRATIONS, false),
      other.insert('t', { a: 'b' }),
    ]);
    expect((await database.run('select name from backplane_migrations order by position', [])).rows).toEqual([
      { name: 'orders' },
      { name: 'tags' },
    ]);
  });
});

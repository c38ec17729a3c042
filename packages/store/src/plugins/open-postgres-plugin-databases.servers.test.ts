import { type PostgresServer, query, startPostgres } from '@backplane/testing/postgres-server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabaseService } from './database-service.ts';
import { openPostgresPluginDatabases } from './open-postgres-plugin-databases.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server[Symbol.asyncDispose]());

it('keeps plugins out of the host’s tables, also under a host that is no superuser', async () => {
  const url = await server.database();
  const name = new URL(url).pathname.slice(1);
  await query(
    url,
    `create role host_${name} login createrole; grant create on database ${name} to host_${name}; create table host_secret (a text)`,
  );
  const own = new URL(url);
  own.username = `host_${name}`;
  const provider = openPostgresPluginDatabases({ url: own.href });
  try {
    const db = createDatabaseService(provider.database('thief-of-all-trades'));
    await db.execute('create table mine (a text)');
    for (const sql of [
      'select * from host_secret',
      'select * from public.host_secret',
      'create table public.planted (a text)',
      'select * from pg_catalog.pg_authid',
    ])
      await expect(db.query(sql), sql)
        .rejects.toMatchObject({ code: 'BP_DATABASE_FAILED', details: expect.objectContaining({ reason: '42501' }) })
        .catch(async (error) => {
          // A name that the plugin cannot see is no table to it.
          if (sql !== 'select * from host_secret') throw error;
        });
    for (const sql of ['reset role', "select set_config('role', 'none', false)", 'set role none'])
      await expect(db.query(sql), sql).rejects.toMatchObject({ code: 'BP_DATABASE_SQL_REFUSED' });
    expect(await db.query('select current_user as me')).toEqual([{ me: 'plugin_thief-of-all-trades' }]);
  } finally {
    await provider.close();
  }
});

it('leaves others connections, however many transactions one plugin has open', async () => {
  const provider = openPostgresPluginDatabases({ url: await server.database(), connections: 4, transactionMs: 5000 });
  try {
    const [greedy, other] = [
      createDatabaseService(provider.database('greedy')),
      createDatabaseService(provider.database('other')),
    ];
    const { promise, resolve } = Promise.withResolvers<void>();
    const held = Promise.all(Array.from({ length: 8 }, () => greedy.transaction(() => promise)));
    await other.execute('create table t (a text)');
    expect(await other.query('select * from t')).toEqual([]);
    resolve();
    await held;
  } finally {
    await provider.close();
  }
});

it('says that the server is away, and works on when it is back', async () => {
  const url = await server.database();
  const provider = openPostgresPluginDatabases({ url });
  try {
    const db = createDatabaseService(provider.database('shop'));
    await db.execute('create table t (a text)');
    const hanging = expect(
      db.query('select pg_column_size(1), count(*) from generate_series(1, 200000000)'),
    ).rejects.toMatchObject({ code: 'BP_DATABASE_LOST' });
    const end =
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'backplane plugins' and state = 'active'";
    while ((await query(url, end)).length === 0);
    await hanging;
    expect(await db.query('select * from t')).toEqual([]);
  } finally {
    await provider.close();
  }
});

import { startPostgres } from '@backplane/testing/postgres-server';
import { expect, it } from 'vitest';
import { MIGRATIONS } from './migrations.ts';
import { openPostgresStore } from './open-postgres-store.ts';

it('says which server cannot be reached, without the password', async () => {
  const error = await openPostgresStore({ url: 'postgres://me:hidden@127.0.0.1:1/db' }).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'BP_STORE_UNREACHABLE', message: expect.stringContaining('127.0.0.1:1') });
  expect(JSON.stringify([error.message, error.details])).not.toContain('hidden');
});

it('lets many hosts make the schema at once, each step by one of them', async () => {
  await using server = await startPostgres();
  const url = await server.database();
  const stores = await Promise.all(Array.from({ length: 5 }, () => openPostgresStore({ url })));
  for (const { db } of stores)
    expect(await db.selectFrom('schema_migrations').selectAll().execute()).toHaveLength(MIGRATIONS.length);
  await Promise.all(stores.map((store) => store.close()));
}, 60_000);

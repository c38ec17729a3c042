import { expect, it } from 'vitest';
import { describePluginDatabases } from '../testing/describe-plugin-databases.ts';
import { createDatabaseService } from './database-service.ts';

describePluginDatabases('databases of plugins', ({ place, shop }) => {
  it('takes what the references print: insert, query_one with $1, a transaction', async () => {
    const db = await shop();
    const id = await db.transaction((session) =>
      session.insert('orders', { customer: 'ada', total: 1.5, note: Buffer.from('hi') }),
    );
    expect(id).toBe(1);
    const row = { id: 1, customer: 'ada', total: 1.5, paid: 0, note: expect.any(Uint8Array) };
    expect(await db.query_one('select * from orders where customer = $1', 'ada')).toEqual(row);
    expect(await db.queryOne('select * from orders where id = $2 and customer = $1', ['ada', 1])).toEqual(row);
    expect(Buffer.from((await db.queryOne<{ note: Uint8Array }>('select note from orders'))?.note ?? [])).toEqual(
      Buffer.from('hi'),
    );
    expect(await db.query_one('select * from orders where customer = $1', 'eve')).toBeUndefined();
    expect(await db.insert('tags', { order_id: 1, tag: 'new' })).toBeUndefined();
  });

  it('stores numbers, times, objects and bytes the same', async () => {
    const db = await shop();
    const at = new Date(1_700_000_000_000);
    await db.execute(
      db.dialect === 'libsql'
        ? 'create table v (n bigint, t text, j text, b blob, d double precision)'
        : 'create table v (n bigint, t text, j text, b bytea, d double precision)',
    );
    const bytes = Buffer.from('xxabcyy').subarray(2, 5);
    await db.execute(
      'insert into v (n, t, j, b, d) values ($1, $2, $3, $4, $5)',
      2n ** 60n,
      at,
      { a: [1] },
      bytes,
      0.1,
    );
    expect(await db.queryOne('select * from v')).toEqual({
      n: 2n ** 60n,
      t: at.toISOString(),
      j: '{"a":[1]}',
      b: expect.anything(),
      d: 0.1,
    });
    expect(Buffer.from((await db.queryOne<{ b: Uint8Array }>('select b from v'))?.b ?? []).toString()).toBe('abc');
    await db.execute('update v set n = $1, t = $2', 7, null);
    expect(await db.queryOne('select n, t from v')).toEqual({ n: 7, t: null });
    await db.execute('update v set n = $1, d = $2', true, false);
    expect(await db.queryOne('select n, d from v')).toEqual({ n: 1, d: 0 });
    await expect(db.execute('update v set n = $1', (() => 1) as never)).rejects.toMatchObject({
      code: 'BP_DATABASE_VALUE',
    });
  });

  it('undoes the whole transaction when its work throws, and when a statement in it fails', async () => {
    const db = await shop();
    const boom = new Error('boom');
    const work = db.transaction(async (tx) => {
      await tx.insert('orders', { customer: 'ada' });
      throw boom;
    });
    await expect(work).rejects.toBe(boom);
    const caught = db.transaction(async (tx) => {
      await tx.insert('orders', { customer: 'ada' });
      await tx.insert('orders', { customer: 'ada' }).catch(() => {});
    });
    await expect(caught).rejects.toMatchObject({ code: 'BP_DATABASE_TRANSACTION_ENDED' });
    expect(await db.query('select * from orders')).toEqual([]);
    let kept: typeof db | undefined;
    await db.transaction((tx) => {
      kept = tx as typeof db;
    });
    await expect(kept?.query('select 1')).rejects.toMatchObject({ code: 'BP_DATABASE_TRANSACTION_ENDED' });
  });

  it('keeps what is in a transaction from others until it is committed', async () => {
    const db = await shop();
    await db.transaction(async (tx) => {
      await tx.insert('orders', { customer: 'ada' });
      expect(await db.query('select * from orders')).toEqual([]);
      expect(await tx.query('select customer from orders')).toEqual([{ customer: 'ada' }]);
    });
    expect(await db.query('select customer from orders')).toEqual([{ customer: 'ada' }]);
  });

  it('loses no update when many transactions count up', async () => {
    const db = await shop();
    await db.insert('orders', { customer: 'ada', paid: 0 });
    const lock = db.dialect === 'postgres' ? ' for update' : '';
    const count = () =>
      db.transaction(async (tx) => {
        const row = await tx.queryOne<{ paid: number }>(`select paid from orders where customer = $1${lock}`, 'ada');
        await tx.execute('update orders set paid = $1 where customer = $2', (row?.paid ?? 0) + 1, 'ada');
      });
    await Promise.all(Array.from({ length: 25 }, count));
    expect(await db.queryOne('select paid from orders')).toEqual({ paid: 25 });
  });

  it('says which rule a row breaks', async () => {
    const db = await shop();
    await db.insert('orders', { customer: 'ada' });
    const broken = (rule: string) => ({
      code: 'BP_DATABASE_CONSTRAINT',
      status: 409,
      details: expect.objectContaining({ rule }),
    });
    await expect(db.insert('orders', { customer: 'ada' })).rejects.toMatchObject(broken('unique'));
    await expect(db.insert('tags', { order_id: 99, tag: 'x' })).rejects.toMatchObject(broken('foreign-key'));
    await expect(db.execute('insert into orders (total) values (1)')).rejects.toMatchObject(broken('not-null'));
    await expect(db.query('select nothing from orders')).rejects.toMatchObject({ code: 'BP_DATABASE_FAILED' });
  });

  it('runs what Kysely builds, alone and in a transaction, and what was prepared', async () => {
    const db = await shop();
    await db.transaction(async (tx) => {
      await tx.builder
        .insertInto('orders')
        .values([
          { customer: 'ada', paid: 1 },
          { customer: 'bob', paid: 0 },
        ])
        .execute();
      await expect(tx.builder.transaction().execute(async () => {})).rejects.toThrow('transaction already');
    });
    await db.builder.transaction().execute(async (tx) => {
      await tx.updateTable('orders').set({ total: 3 }).where('customer', '=', 'bob').execute();
    });
    const failing = db.builder.transaction().execute(async (tx) => {
      await tx.deleteFrom('orders').execute();
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await db.builder.selectFrom('orders').select(['customer', 'total']).orderBy('id').execute()).toEqual([
      { customer: 'ada', total: null },
      { customer: 'bob', total: 3 },
    ]);
    let built = 0;
    const byCustomer = db.prepare((builder, { customer, paid }: { customer: string; paid: number }) => {
      built++;
      return builder
        .selectFrom('orders')
        .select(['id', 'customer'])
        .where('customer', '=', customer)
        .where('paid', '>=', paid);
    });
    expect(await byCustomer({ customer: 'ada', paid: 1 })).toEqual([{ id: 1, customer: 'ada' }]);
    expect(await byCustomer.one({ customer: 'bob', paid: 1 })).toBeUndefined();
    expect(await byCustomer.one({ customer: 'ada', paid: 1 })).toEqual({ id: 1, customer: 'ada' });
    expect(await db.transaction((tx) => byCustomer.in(tx as never).one({ customer: 'bob', paid: 0 }))).toEqual({
      id: 2,
      customer: 'bob',
    });
    expect(built).toBe(1);
    const looks = db.prepare((builder, { n }: { n: number }) =>
      builder
        .selectFrom('orders')
        .selectAll()
        .where('paid', '=', n + 1),
    );
    await expect(looks({ n: 1 })).rejects.toMatchObject({ code: 'BP_DATABASE_PREPARE' });
  });

  it('ends what takes too long, and what gives too much', async () => {
    const db = await shop({ statementMs: 600, maxRows: 500 });
    const series = 'with recursive c(x) as (select 1 union all select x + 1 from c where x < $1) select x from c';
    const count =
      'with recursive c(x) as (select 1 union all select x + 1 from c where x < 2000000000) select count(*) as n from c';
    await expect(db.query(count)).rejects.toMatchObject({ code: 'BP_DATABASE_TIMEOUT' });
    expect(await db.query(series, 500)).toHaveLength(500);
    await expect(db.query(series, 100_000)).rejects.toMatchObject({ code: 'BP_DATABASE_TOO_LARGE' });
    expect(await db.query(series, 3)).toHaveLength(3);
  });

  it('keeps plugins out of each other’s tables', async () => {
    const provider = (await place())();
    const [a, b] = [createDatabaseService(provider.database('a')), createDatabaseService(provider.database('b'))];
    await a.execute('create table secret (v text)');
    await a.insert('secret', { v: 'mine' });
    const failed = { code: 'BP_DATABASE_FAILED' };
    for (let round = 0; round < 3; round++) {
      await expect(b.query('select * from secret')).rejects.toMatchObject(failed);
      await expect(b.query('select * from plugin_a.secret')).rejects.toMatchObject(failed);
      expect(await a.query('select * from secret')).toEqual([{ v: 'mine' }]);
    }
    await b.execute('create table secret (v text)');
    expect(await b.query('select * from secret')).toEqual([]);
  });
});

import type { Generated } from 'kysely';
import { definePlugin } from './define-plugin.ts';

interface Tables {
  orders: { id: Generated<number>; customer: string; total: number | null };
  tags: { order_id: number; tag: string };
}

definePlugin({
  name: 'typed',
  version: '1.0.0',
  migrations: [
    { name: 'one', up: 'create table tags (order_id bigint, tag text)' },
    { name: 'two', up: { libsql: 'select 1', postgres: 'select 1' }, breaking: true },
  ],
  async initialize({ database }) {
    const untyped: unknown = await database.insert('anything', { goes: new Date() });
    const db = database.typed<Tables>();
    const id: number = await db.insert('orders', { customer: 'ada' });
    const none: undefined = await db.insert('tags', { order_id: id, tag: 'new' });
    // @ts-expect-error there is no such table
    await db.insert('order', { customer: 'ada' });
    // @ts-expect-error a column that must be given is missing
    await db.insert('orders', { total: 1 });
    // @ts-expect-error a column has another type
    await db.insert('tags', { order_id: 'one', tag: 'new' });
    const moved: number = await db.transaction(async (tx) => {
      // @ts-expect-error transactions know the tables, too
      await tx.insert('nothing', {});
      return tx.insert('orders', { customer: 'bob' });
    });
    const ofCustomer = db.prepare((builder, { customer }: { customer: string }) =>
      builder.selectFrom('orders').select(['id', 'total']).where('customer', '=', customer),
    );
    const rows: { id: number; total: number | null }[] = await ofCustomer({ customer: 'ada' });
    // @ts-expect-error a parameter is missing
    await ofCustomer({});
    const one = await db.queryOne<{ n: number }>('select count(*) as n from orders where id = $1', id);
    const count: number | undefined = one?.n;
    // @ts-expect-error a function cannot be stored
    await db.query('select $1', () => 1);
    return { health: () => rows.length + (count ?? 0) + moved > 0 && none === untyped };
  },
});

definePlugin({
  name: 'half',
  version: '1.0.0',
  // @ts-expect-error SQL is given for each database, or one for both
  migrations: [{ name: 'one', up: { libsql: 'select 1' } }],
});

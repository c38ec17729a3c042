import { isBackplaneError, messageOf } from '@backplane/base';
import { type Kysely, sql, type Transaction } from 'kysely';
import { errors } from './errors.ts';
import type { Migration, StoreKind } from './migrations.ts';
import type { Tables } from './tables.ts';

export interface MigrateOptions {
  readonly kind: StoreKind;
  readonly migrations: readonly Migration[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called once, before the first step, where there is something to lose. */
  readonly backUp: (from: number) => Promise<void>;
}

/** One host at a time, also where several share the database. */
const LOCK = sql`select pg_advisory_xact_lock(${sql.lit(0x62_61_63_6b)})`;

/**
 * Brings the database to the newest schema, each step in a transaction of its own: whoever is killed in between goes on where it stopped.
 * Where several hosts do it at once, each step is made by one of them.
 * @throws BP_STORE_NEWER before anything is written, BP_STORE_MIGRATION_FAILED
 */
export async function migrate(db: Kysely<Tables>, options: MigrateOptions): Promise<void> {
  await locked(db, options.kind, async (own) => {
    await own.schema
      .createTable('schema_migrations')
      .ifNotExists()
      .addColumn('version', 'bigint', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('min_compatible', 'bigint', (column) => column.notNull())
      .addColumn('applied_at', 'bigint', (column) => column.notNull())
      .execute();
  });
  const { migrations } = options;
  const { found, needs } = await stateOf(db);
  const knows = migrations.at(-1)?.version ?? 0;
  if (needs > knows) throw errors.BP_STORE_NEWER({ found, needs, knows });
  const pending = migrations.filter(({ version }) => version > found);
  if (pending.length > 0 && found > 0) await options.backUp(found);
  for (const migration of pending) await step(db, migration, options);
}

/** Which schema the database has, and which its programs must know. */
async function stateOf(db: Kysely<Tables>): Promise<{ readonly found: number; readonly needs: number }> {
  const rows = await db.selectFrom('schema_migrations').select(['version', 'min_compatible']).execute();
  return {
    found: Math.max(0, ...rows.map(({ version }) => version)),
    needs: Math.max(0, ...rows.map(({ min_compatible }) => min_compatible)),
  };
}

async function step(db: Kysely<Tables>, migration: Migration, { kind, now }: MigrateOptions): Promise<void> {
  const { version, name, minCompatible } = migration;
  try {
    await locked(db, kind, async (own) => {
      // Another host may have made it while this one waited.
      if ((await stateOf(own)).found >= version) return;
      await migration.up(own, kind);
      const row = { version, name, min_compatible: minCompatible, applied_at: now() };
      await own.insertInto('schema_migrations').values(row).execute();
    });
  } catch (cause) {
    if (isBackplaneError(cause)) throw cause;
    throw errors.BP_STORE_MIGRATION_FAILED({ migration: name, reason: messageOf(cause) }, { cause });
  }
}

const locked = (
  db: Kysely<Tables>,
  kind: StoreKind,
  work: (own: Transaction<Tables>) => Promise<void>,
): Promise<void> =>
  db.transaction().execute(async (own) => {
    if (kind === 'postgres') await LOCK.execute(own);
    await work(own);
  });

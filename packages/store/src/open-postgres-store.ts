import { messageOf } from '@backplane/base';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { errors } from './errors.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { createStore, type Store, type StoreOptions } from './store.ts';
import type { Tables } from './tables.ts';

export interface PostgresStoreOptions extends StoreOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Connections at most. Default 10. */
  readonly connections?: number;
  /** Told of connections that broke while nobody used them; the next use makes a new one. */
  readonly onBroken?: (error: Error) => void;
}

const CONNECT_MS = 10_000;
/** The type of `bigint`: ours are ids and milliseconds, which a number holds exactly. */
const INT8 = 20;

/**
 * Opens the tables in a PostgreSQL database, and brings them to the newest schema. Several hosts may share it. Copies are the operator's
 * affair, who has tools for that.
 * @throws BP_STORE_UNREACHABLE, BP_STORE_NEWER, BP_STORE_MIGRATION_FAILED
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url, connections = 10, onBroken = () => {}, now = Date.now, migrations = MIGRATIONS, log } = options;
  const types = {
    getTypeParser: ((oid: number, format?: 'text') =>
      oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
  };
  const pool = new pg.Pool({ connectionString: url, max: connections, connectionTimeoutMillis: CONNECT_MS, types });
  pool.on('error', onBroken);
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), ...(log && { log }) });
  try {
    await reach(pool, url);
    await migrate(db, { kind: 'postgres', migrations, now, backUp: async () => {} });
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return createStore('postgres', db);
}

async function reach(pool: pg.Pool, url: string): Promise<void> {
  try {
    await pool.query('select 1');
  } catch (cause) {
    throw errors.BP_STORE_UNREACHABLE({ server: serverIn(url), reason: messageOf(cause) }, { cause });
  }
}

/** Where it is, without who asks: the address may hold a password. */
function serverIn(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the configured address';
}

import { type Clock, isBackplaneError, messageOf } from '@backplane/base';
import type { DatabaseMigration } from '@backplane/plugin-api';
import type { SqlDatabase, SqlResult, SqlTransaction, SqlValue } from '@backplane/ports';
import pg from 'pg';
import { errors } from '../errors.ts';
import { migratePlugin } from './migrate-plugin.ts';
import { ensurePluginRole, roleNameOf } from './postgres-plugin-role.ts';
import type { SqlGuard } from './vet-sql.ts';

export interface PostgresPluginDatabaseOptions {
  readonly plugin: string;
  readonly pool: pg.Pool;
  readonly guard: SqlGuard;
  readonly clock: Clock;
  readonly statementMs: number;
  readonly transactionMs: number;
  readonly migrationMs: number;
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** Which plugin a connection acts for. */
const roles = new WeakMap<pg.PoolClient, string>();

/** One plugin's schema, on connections that it shares with others and that act in its role while it has them. */
export class PostgresPluginDatabase implements SqlDatabase {
  readonly dialect = 'postgres';
  readonly #options: PostgresPluginDatabaseOptions;
  readonly #role: string;
  #ready: Promise<void> | undefined;

  constructor(options: PostgresPluginDatabaseOptions) {
    this.#options = options;
    this.#role = roleNameOf(options.plugin);
  }

  async run(text: string, params: readonly SqlValue[]): Promise<SqlResult> {
    this.#options.guard.vet(text);
    const client = await this.#connect();
    return this.#use(client, () => this.#made(client, text, params));
  }

  async begin(): Promise<SqlTransaction> {
    const client = await this.#connect();
    return this.#begin(client, this.#options.transactionMs);
  }

  async migrate(migrations: readonly DatabaseMigration[], alone: boolean): Promise<void> {
    const { plugin, migrationMs, clock } = this.#options;
    await migratePlugin({
      plugin,
      dialect: this.dialect,
      migrations,
      alone,
      now: () => clock.now(),
      only: 'all',
      run: async (work) => {
        const client = await this.#connect();
        const transaction = await this.#begin(client, migrationMs);
        try {
          await client.query(`set local statement_timeout = ${migrationMs}`);
          await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [this.#role]);
          const result = await work(transaction);
          await transaction.commit();
          return result;
        } catch (error) {
          await transaction.rollback();
          throw error;
        }
      },
    });
  }

  /** A connection that acts for this plugin. */
  async #connect(): Promise<pg.PoolClient> {
    const { pool, plugin } = this.#options;
    this.#ready ??= this.#prepare();
    await this.#ready;
    const client = await this.#telling(() => pool.connect());
    if (roles.get(client) === plugin) return client;
    try {
      const role = `"${this.#role}"`;
      await client.query(`reset role; set role ${role}; set search_path = ${role}, pg_temp`);
      roles.set(client, plugin);
      return client;
    } catch (error) {
      client.release(true);
      throw this.#failure(error);
    }
  }

  async #prepare(): Promise<void> {
    const { pool, plugin } = this.#options;
    try {
      const client = await this.#telling(() => pool.connect());
      await this.#use(client, async () => {
        roles.delete(client);
        await client.query('reset role; reset search_path');
        await ensurePluginRole(client, plugin);
      });
    } catch (error) {
      // Tried again at the next use.
      this.#ready = undefined;
      throw error;
    }
  }

  /** Gives the connection back; one that broke is closed. */
  async #use<T>(client: pg.PoolClient, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      client.release();
      return result;
    } catch (error) {
      client.release(isBroken(error));
      throw error;
    }
  }

  #telling<T>(work: () => Promise<T>): Promise<T> {
    return work().catch((error) => {
      throw this.#failure(error);
    });
  }

  async #made(client: pg.PoolClient, text: string, params: readonly SqlValue[]): Promise<SqlResult> {
    const { maxRows, maxBytes, plugin } = this.#options;
    const rows: Record<string, unknown>[] = [];
    let bytes = 0;
    let limit: string | undefined;
    const query = new pg.Query<Record<string, unknown>>({ text, values: params.map(boundFor) });
    query.on('row', (row) => {
      if (limit !== undefined) return;
      for (const name in row) bytes += sizeOf(row[name]);
      if (rows.length >= maxRows) limit = `${maxRows} rows`;
      else if (bytes > maxBytes) limit = `${maxBytes} bytes`;
      else rows.push(row);
      // What is on its way already would be read to its end otherwise, however much it is.
      if (limit !== undefined)
        (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    });
    const done = new Promise<number>((resolve, reject) => {
      query.on('end', (result) => resolve(result.rowCount ?? 0));
      query.on('error', reject);
    });
    client.query(query);
    try {
      return { changes: await done, rows };
    } catch (error) {
      if (limit !== undefined) throw errors.BP_DATABASE_TOO_LARGE({ plugin, limit }, { cause: error });
      throw this.#failure(error);
    }
  }

  async #begin(client: pg.PoolClient, limitMs: number): Promise<SqlTransaction> {
    const { plugin, clock } = this.#options;
    await this.#use2(client, () => client.query('begin'));
    let ended: string | undefined;
    let over: Promise<void> | undefined;
    const finish = (sql: 'commit' | 'rollback', broken = false): Promise<void> => {
      over ??= (async () => {
        limit.cancel();
        try {
          if (broken) throw new Error('The connection is given up.');
          const { command } = await client.query(sql);
          client.release();
          if (sql === 'commit' && command !== 'COMMIT')
            throw errors.BP_DATABASE_TRANSACTION_ENDED({ plugin, reason: 'a statement in it failed' });
        } catch (error) {
          if (!isBackplaneError(error)) client.release(true);
          if (sql === 'commit') throw this.#failure(error);
        }
      })();
      return over;
    };
    const limit = clock.after(limitMs, () => {
      ended ??= `it took more than ${limitMs} ms`;
      // A statement may be under way, which ends at its own limit; closing the connection rolls back at once.
      void finish('rollback', true);
    });
    const assertOpen = (): void => {
      if (ended !== undefined) throw errors.BP_DATABASE_TRANSACTION_ENDED({ plugin, reason: ended });
    };
    return {
      run: async (text, params) => {
        assertOpen();
        this.#options.guard.vet(text);
        try {
          return await this.#made(client, text, params);
        } catch (error) {
          const before = ended;
          ended ??= 'a statement in it failed';
          if (before !== undefined) assertOpen();
          throw error;
        }
      },
      commit: async () => {
        assertOpen();
        ended = 'it was committed';
        await finish('commit');
      },
      rollback: async () => {
        ended ??= 'it was rolled back';
        await finish('rollback').catch(() => {});
      },
    };
  }

  /** As `#use`, for what keeps the connection when it goes well. */
  async #use2(client: pg.PoolClient, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      client.release(true);
      throw this.#failure(error);
    }
  }

  #failure(cause: unknown): unknown {
    if (isBackplaneError(cause)) return cause;
    const { plugin, statementMs } = this.#options;
    const { code: reason = 'CONNECTION' } = cause as { readonly code?: string };
    const problem = messageOf(cause);
    const rule = RULES[reason] ?? (reason.startsWith('23') ? 'other' : undefined);
    if (rule !== undefined) return errors.BP_DATABASE_CONSTRAINT({ plugin, rule, problem }, { cause });
    if (reason === '57014') return errors.BP_DATABASE_TIMEOUT({ plugin, limitMs: statementMs }, { cause });
    if (isBroken(cause)) return errors.BP_DATABASE_LOST({ plugin, reason: problem }, { cause });
    return errors.BP_DATABASE_FAILED({ plugin, reason, problem }, { cause });
  }
}

const RULES: Readonly<Record<string, string>> = {
  23505: 'unique',
  23503: 'foreign-key',
  23502: 'not-null',
  23514: 'check',
};

/** Errors of statements have a code of five characters. Those of classes 08 and 57P close the connection. */
function isBroken(error: unknown): boolean {
  if (isBackplaneError(error)) return error.code === 'BP_DATABASE_LOST' || error.code === 'BP_DATABASE_TOO_LARGE';
  const { code } = error as { readonly code?: string };
  return code === undefined || !/^[0-9A-Z]{5}$/.test(code) || code.startsWith('08') || code.startsWith('57P');
}

const boundFor = (value: SqlValue): unknown =>
  value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length * 2;
  return value instanceof Uint8Array ? value.byteLength : 8;
}

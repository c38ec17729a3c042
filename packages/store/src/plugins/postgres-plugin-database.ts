import { isBackplaneError, messageOf } from '@backplane/base';
import type { DatabaseMigration } from '@backplane/plugin-api';
import type { SqlDatabase, SqlResult, SqlTransaction, SqlValue } from '@backplane/ports';
import pg from 'pg';
import { errors } from '../errors.ts';
import { migratePlugin } from './migrate-plugin.ts';
import {
  type BorrowedConnection,
  PostgresPluginConnections,
  type PostgresPluginConnectionsOptions,
} from './postgres-plugin-connections.ts';
import { roleNameOf } from './postgres-plugin-role.ts';
import type { SqlGuard } from './vet-sql.ts';

export interface PostgresPluginDatabaseOptions extends Omit<PostgresPluginConnectionsOptions, 'waitMs'> {
  readonly guard: SqlGuard;
  readonly statementMs: number;
  readonly transactionMs: number;
  readonly migrationMs: number;
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** One plugin's schema, on connections that it shares with others and that act in its role while it has them. */
export class PostgresPluginDatabase implements SqlDatabase {
  readonly dialect = 'postgres';
  readonly #options: PostgresPluginDatabaseOptions;
  readonly #connections: PostgresPluginConnections;

  constructor(options: PostgresPluginDatabaseOptions) {
    const { transactionMs } = options;
    this.#options = options;
    // Longer than a transaction before it may take.
    this.#connections = new PostgresPluginConnections({ ...options, waitMs: 2 * transactionMs });
  }

  async run(text: string, params: readonly SqlValue[]): Promise<SqlResult> {
    this.#options.guard.vet(text);
    const connection = await this.#connections.borrow();
    return this.#use(connection, () => this.#made(connection.client, text, params));
  }

  async begin(): Promise<SqlTransaction> {
    return this.#begin(await this.#connections.borrow(), this.#options.transactionMs);
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
        const connection = await this.#connections.borrow();
        const { client } = connection;
        const transaction = await this.#begin(connection, migrationMs);
        try {
          await client.query(`set local statement_timeout = ${migrationMs}`);
          await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [roleNameOf(plugin)]);
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

  /** Gives the connection back; one that broke is closed. */
  async #use<T>(connection: BorrowedConnection, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      connection.giveBack();
      return result;
    } catch (error) {
      connection.giveBack(isBroken(error));
      throw error;
    }
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

  async #begin(connection: BorrowedConnection, limitMs: number): Promise<SqlTransaction> {
    const { plugin, clock } = this.#options;
    const { client, giveBack } = connection;
    try {
      await client.query('begin');
    } catch (error) {
      giveBack(true);
      throw this.#failure(error);
    }
    let ended: string | undefined;
    let over: Promise<void> | undefined;
    const finish = (sql: 'commit' | 'rollback', broken = false): Promise<void> => {
      over ??= (async () => {
        limit.cancel();
        try {
          if (broken) throw new Error('The connection is given up.');
          const { command } = await client.query(sql);
          giveBack();
          if (sql === 'commit' && command !== 'COMMIT')
            throw errors.BP_DATABASE_TRANSACTION_ENDED({ plugin, reason: 'a statement in it failed' });
        } catch (error) {
          if (!isBackplaneError(error)) giveBack(true);
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

/** A flag is 1 or 0, as on libSQL: columns of flags take that too. */
function boundFor(value: SqlValue): unknown {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length * 2;
  return value instanceof Uint8Array ? value.byteLength : 8;
}

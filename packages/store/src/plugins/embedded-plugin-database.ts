import type { Clock } from '@backplane/base';
import type { DatabaseMigration } from '@backplane/plugin-api';
import type { SqlDatabase, SqlResult, SqlTransaction, SqlValue } from '@backplane/ports';
import { errors } from '../errors.ts';
import { type DatabaseProcess, EngineError } from './database-process.ts';
import { ASK } from './database-protocol.ts';
import { type MigrationRun, migratePlugin } from './migrate-plugin.ts';
import type { Rows } from './plugin-file.ts';
import { Turnstile } from './turnstile.ts';
import type { SqlGuard, VettedSql } from './vet-sql.ts';

export interface EmbeddedPluginDatabaseOptions {
  readonly plugin: string;
  readonly path: string;
  /** Asked when the database is first used. */
  readonly key: () => Promise<string>;
  readonly shared: DatabaseProcess;
  /** For plugins of which a statement has held up the others. */
  readonly slow: DatabaseProcess;
  /** A process of its own, for what may take long. */
  readonly apart: () => { readonly process: DatabaseProcess; end(): Promise<void> };
  readonly guard: SqlGuard;
  readonly clock: Clock;
  readonly statementMs: number;
  readonly transactionMs: number;
  readonly migrationMs: number;
}

/** An open file in one of the processes. */
interface Place {
  readonly process: DatabaseProcess;
  readonly file: number;
  readonly limitMs: number;
}

/** Statements of one plugin that may wait. */
const MOST_WAITING = 1000;

/** One plugin's file. Transactions take turns; what only reads goes on beside them, and sees what was there before. */
export class EmbeddedPluginDatabase implements SqlDatabase {
  readonly dialect = 'libsql';
  readonly #options: EmbeddedPluginDatabaseOptions;
  readonly #turn: Turnstile;
  #opening: Promise<Place> | undefined;
  #place: Place | undefined;
  /** Nobody may come near the file. */
  #moving = false;
  #movedAside = false;

  constructor(options: EmbeddedPluginDatabaseOptions) {
    this.#options = options;
    this.#turn = new Turnstile(options.clock);
  }

  async run(text: string, params: readonly SqlValue[], one = false): Promise<SqlResult> {
    const vetted = this.#vet(text, params);
    const place = this.#place ?? (await this.#opened());
    if (!this.#turn.taken) return this.#made(place, vetted, params, one, false);
    if (vetted.reads && !this.#moving) return this.#made(place, vetted, params, one, true);
    const leave = await this.#enter();
    try {
      return await this.#made(this.#place as Place, vetted, params, one, false);
    } finally {
      leave();
    }
  }

  async begin(): Promise<SqlTransaction> {
    if (this.#place === undefined) await this.#opened();
    const leave = await this.#enter();
    const { transactionMs } = this.#options;
    try {
      return await this.#begin(this.#place as Place, transactionMs, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Whatever is pending is made by a process of its own, so that no other plugin waits for it; this one's other statements do. */
  async migrate(migrations: readonly DatabaseMigration[], alone: boolean): Promise<void> {
    const { plugin, apart, migrationMs, clock, path, key } = this.#options;
    await this.#opened();
    const steps = { plugin, dialect: this.dialect, migrations, alone, now: () => clock.now() } as const;
    const here: MigrationRun = (work) => this.#locked(migrationMs, work);
    if (await migratePlugin({ ...steps, run: here, only: 'look' })) return;
    const leave = await this.#enter();
    const { process, end } = apart();
    try {
      await this.#leavePlace();
      const own = { process, file: process.register(path, await key()), limitMs: migrationMs };
      await migratePlugin({ ...steps, run: (work) => this.#transacted(own, migrationMs, () => {}, work), only: 'all' });
    } finally {
      await end();
      this.#moving = false;
      leave();
    }
  }

  #vet(text: string, params: readonly SqlValue[]): VettedSql {
    const vetted = this.#options.guard.vet(text);
    if (vetted.parameters !== params.length)
      throw errors.BP_DATABASE_PARAMETERS({ wanted: vetted.parameters, given: params.length, sql: text.slice(0, 200) });
    return vetted;
  }

  #opened(): Promise<Place> {
    const { shared, path, key, statementMs } = this.#options;
    this.#opening ??= key().then((text) => {
      this.#place = { process: shared, file: shared.register(path, text), limitMs: statementMs };
      return this.#place;
    });
    // A key that could not be had is asked for again.
    this.#opening.catch(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Waits until the process that has the file has made everything it was asked, and has closed it. */
  async #leavePlace(): Promise<void> {
    this.#moving = true;
    const { process, file, limitMs } = this.#place as Place;
    await this.#ask({ process, file, limitMs }, [ASK.close, file]);
  }

  /** From now on, only those wait for its statements that hold others up themselves. */
  async #moveAside(): Promise<void> {
    if (this.#movedAside) return;
    this.#movedAside = true;
    const { slow, path, key, statementMs } = this.#options;
    const leave = await this.#enter();
    try {
      await this.#leavePlace();
      this.#place = { process: slow, file: slow.register(path, await key()), limitMs: statementMs };
    } finally {
      this.#moving = false;
      leave();
    }
  }

  readonly #slow = (): void => {
    // It stays where it is until the next time.
    this.#moveAside().catch(() => {
      this.#movedAside = false;
    });
  };

  #enter(): Promise<() => void> {
    const { plugin } = this.#options;
    // Longer than the one before may take.
    const limitMs = 2 * this.#options.transactionMs;
    if (this.#turn.waiting >= MOST_WAITING) throw errors.BP_DATABASE_BUSY({ plugin, limit: MOST_WAITING });
    return this.#turn.enter(limitMs, () => errors.BP_DATABASE_WAITED({ plugin, limitMs }));
  }

  async #made(
    place: Place,
    vetted: VettedSql,
    params: readonly SqlValue[],
    one: boolean,
    beside: boolean,
    bound = false,
  ): Promise<SqlResult> {
    const settles = !vetted.reads && !bound;
    const body = [ASK.run, place.file, beside, vetted.text, params, one, vetted.shapes, settles] as const;
    return resultOf(await this.#ask(place, body, bound));
  }

  async #ask(place: Place, body: Parameters<DatabaseProcess['ask']>[0], bound = false): Promise<Rows> {
    const { plugin, path } = this.#options;
    try {
      return await place.process.ask(body, { plugin, limitMs: place.limitMs, bound, slow: this.#slow });
    } catch (error) {
      throw failure(plugin, path, error);
    }
  }

  async #locked<T>(limitMs: number, work: Parameters<MigrationRun>[0]): Promise<T> {
    const leave = await this.#enter();
    return this.#transacted(this.#place as Place, limitMs, leave, work) as Promise<T>;
  }

  async #transacted<T>(
    place: Place,
    limitMs: number,
    leave: () => void,
    work: (transaction: SqlTransaction) => Promise<T>,
  ): Promise<T> {
    let transaction: SqlTransaction | undefined;
    try {
      transaction = await this.#begin(place, limitMs, leave);
      const result = await work(transaction);
      await transaction.commit();
      return result;
    } catch (error) {
      await transaction?.rollback();
      throw error;
    } finally {
      leave();
    }
  }

  async #begin(place: Place, limitMs: number, leave: () => void): Promise<SqlTransaction> {
    const { plugin, clock } = this.#options;
    await this.#ask(place, [ASK.begin, place.file]);
    const { epoch } = place.process;
    let ended: string | undefined;
    const end = (reason: string): void => {
      ended ??= reason;
      limit.cancel();
      leave();
    };
    // Once only: after it, the file may be in somebody else's transaction. What the process has lost is rolled back already.
    let undone: Promise<unknown> | undefined;
    const undo = (): Promise<unknown> => {
      undone ??=
        place.process.epoch === epoch
          ? this.#ask(place, [ASK.rollback, place.file], true).catch(() => {})
          : Promise.resolve();
      return undone.then(() => end('it was rolled back'));
    };
    const limit = clock.after(limitMs, () => {
      ended ??= `it took more than ${limitMs} ms`;
      void undo();
    });
    const assertOpen = (): void => {
      if (ended === undefined && place.process.epoch !== epoch) end('the process of the database was ended');
      if (ended !== undefined) throw errors.BP_DATABASE_TRANSACTION_ENDED({ plugin, reason: ended });
    };
    return {
      run: async (text, params, one = false) => {
        assertOpen();
        const vetted = this.#vet(text, params);
        try {
          return await this.#made(place, vetted, params, one, false, true);
        } catch (error) {
          // As in PostgreSQL: what has failed once cannot be committed.
          ended ??= 'a statement in it failed';
          throw error;
        }
      },
      commit: async () => {
        assertOpen();
        ended = 'it was committed';
        limit.cancel();
        try {
          await this.#ask(place, [ASK.commit, place.file], true);
        } catch (error) {
          await undo();
          throw error;
        }
        undone = Promise.resolve();
        end(ended);
      },
      rollback: async () => {
        ended ??= 'it was rolled back';
        await undo();
      },
    };
  }
}

function resultOf({ columns, rows, changes }: Rows): SqlResult {
  return {
    changes,
    rows: rows.map((row) => {
      const object: Record<string, unknown> = {};
      for (let i = 0; i < columns.length; i++) object[columns[i] as string] = row[i];
      return object;
    }),
  };
}

const RULES: Readonly<Record<string, string>> = {
  SQLITE_CONSTRAINT_UNIQUE: 'unique',
  SQLITE_CONSTRAINT_PRIMARYKEY: 'unique',
  SQLITE_CONSTRAINT_ROWID: 'unique',
  SQLITE_CONSTRAINT_FOREIGNKEY: 'foreign-key',
  SQLITE_CONSTRAINT_NOTNULL: 'not-null',
  SQLITE_CONSTRAINT_CHECK: 'check',
};

function failure(plugin: string, file: string, cause: unknown): unknown {
  if (!(cause instanceof EngineError)) return cause;
  const { code: reason, message: problem, details } = cause.failure;
  if (reason === 'BP_DATABASE_VALUE') return errors.BP_DATABASE_VALUE(details as { place: string; problem: string });
  if (reason === 'LIMIT') return errors.BP_DATABASE_TOO_LARGE({ plugin, limit: problem });
  if (reason === 'SQLITE_NOMEM' || reason === 'SQLITE_TOOBIG')
    return errors.BP_DATABASE_TOO_LARGE({ plugin, limit: 'the memory that there is for it' });
  if (reason === 'ENDED') return errors.BP_DATABASE_TRANSACTION_ENDED({ plugin, reason: problem });
  if (reason === 'SQLITE_NOTADB') return errors.BP_STORE_UNREADABLE({ file });
  if (reason === 'SQLITE_FULL') return errors.BP_STORE_FULL({ file });
  if (reason.startsWith('SQLITE_CORRUPT')) return errors.BP_STORE_DAMAGED({ file, reason: problem });
  if (reason.startsWith('SQLITE_CONSTRAINT'))
    return errors.BP_DATABASE_CONSTRAINT({ plugin, rule: RULES[reason] ?? 'other', problem });
  return errors.BP_DATABASE_FAILED({ plugin, reason, problem });
}

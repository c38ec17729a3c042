import type { Clock } from '@backplane/base';
import type { DatabaseMigration } from '@backplane/plugin-api';
import type { SqlDatabase, SqlResult, SqlTransaction, SqlValue } from '@backplane/ports';
import { errors } from '../errors.ts';
import { markMade, refuseMissing } from '../made-mark.ts';
import type { Asker, DatabaseProcess } from './database-process.ts';
import { ASK, FLAG, MODE, type Mode } from './database-protocol.ts';
import { EmbeddedTransaction, type FilePlace } from './embedded-transaction.ts';
import { engineFailure } from './engine-failure.ts';
import { type MigrationRun, migratePlugin } from './migrate-plugin.ts';
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

/** Statements of one plugin that may wait. */
const MOST_WAITING = 1000;

/** One plugin's file. Transactions take turns; what only reads goes on beside them, and sees what was there before. */
export class EmbeddedPluginDatabase implements SqlDatabase {
  readonly dialect = 'libsql';
  readonly #options: EmbeddedPluginDatabaseOptions;
  readonly #turn: Turnstile;
  #opening: Promise<FilePlace> | undefined;
  #place: FilePlace | undefined;
  /** Registered once, also where it could not be opened. */
  #first: FilePlace | undefined;
  /** Nobody may come near the file. */
  #moving = false;
  #movedAside = false;

  constructor(options: EmbeddedPluginDatabaseOptions) {
    this.#options = options;
    this.#turn = new Turnstile(options.clock);
  }

  run(text: string, params: readonly SqlValue[], one = false): Promise<SqlResult> {
    try {
      const vetted = this.#vet(text, params);
      const place = this.#place;
      if (place !== undefined && !this.#turn.taken)
        return made(place, vetted, params, one, vetted.reads ? MODE.read : MODE.write);
      return this.#runInTurn(vetted, params, one);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #runInTurn(vetted: VettedSql, params: readonly SqlValue[], one: boolean): Promise<SqlResult> {
    const place = this.#place ?? (await this.#opened());
    const mode = vetted.reads ? MODE.read : MODE.write;
    if (!this.#turn.taken) return made(place, vetted, params, one, mode);
    if (vetted.reads && !this.#moving) return made(place, vetted, params, one, MODE.beside);
    const leave = await this.#enter();
    try {
      return await made(this.#place as FilePlace, vetted, params, one, mode);
    } finally {
      leave();
    }
  }

  async begin(): Promise<SqlTransaction> {
    if (this.#place === undefined) await this.#opened();
    const leave = await this.#enter();
    return this.#begin(this.#place as FilePlace, this.#options.transactionMs, leave);
  }

  /** Whatever is pending is made by a process of its own, so that no other plugin waits for it; this one's other statements do. */
  async migrate(migrations: readonly DatabaseMigration[], alone: boolean): Promise<void> {
    const { plugin, apart, migrationMs, clock, key } = this.#options;
    await this.#opened();
    const steps = { plugin, dialect: this.dialect, migrations, alone, now: () => clock.now() } as const;
    const here: MigrationRun = (work) => this.#locked(migrationMs, work);
    if (await migratePlugin({ ...steps, run: here, only: 'look' })) return;
    const leave = await this.#enter();
    const { process, end } = apart();
    try {
      await this.#leavePlace();
      const own = this.#placeIn(process, await key(), migrationMs);
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

  #opened(): Promise<FilePlace> {
    this.#opening ??= this.#open();
    // A key that could not be had is asked for again.
    this.#opening.catch(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<FilePlace> {
    const { shared, key, statementMs, path } = this.#options;
    const text = await key();
    await refuseMissing(path);
    this.#first ??= this.#placeIn(shared, text, statementMs);
    // The file is there from its first statement on.
    await shared.ask([ASK.run, this.#first.file, 'select 1', [], MODE.read, 0], this.#first.alone);
    await markMade(path);
    this.#place = this.#first;
    return this.#place;
  }

  /** Waits until the process that has the file has made everything it was asked, and has closed it. */
  async #leavePlace(): Promise<void> {
    this.#moving = true;
    const { process, file, alone } = this.#place as FilePlace;
    await process.ask([ASK.close, file], alone);
  }

  /** From now on, only those wait for its statements that hold others up themselves. */
  async #moveAside(): Promise<void> {
    if (this.#movedAside) return;
    this.#movedAside = true;
    const { slow, key, statementMs } = this.#options;
    const leave = await this.#enter();
    try {
      await this.#leavePlace();
      this.#place = this.#placeIn(slow, await key(), statementMs);
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

  #placeIn(process: DatabaseProcess, key: string, limitMs: number): FilePlace {
    const { plugin, path } = this.#options;
    const alone: Asker = {
      plugin,
      limitMs,
      bound: false,
      failed: (failure) => engineFailure(plugin, path, failure),
      slow: this.#slow,
    };
    return { process, file: process.register(path, key), alone, within: { ...alone, bound: true } };
  }

  async #locked<T>(limitMs: number, work: Parameters<MigrationRun>[0]): Promise<T> {
    const leave = await this.#enter();
    return this.#transacted(this.#place as FilePlace, limitMs, leave, work) as Promise<T>;
  }

  async #transacted<T>(
    place: FilePlace,
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

  async #begin(place: FilePlace, limitMs: number, leave: () => void): Promise<SqlTransaction> {
    const { plugin, clock } = this.#options;
    const vet = (text: string, params: readonly SqlValue[]) => this.#vet(text, params);
    try {
      return await EmbeddedTransaction.begin(place, { plugin, clock, limitMs, vet, leave });
    } catch (error) {
      leave();
      throw error;
    }
  }
}

function made(
  { process, file, alone }: FilePlace,
  { text, shapes }: VettedSql,
  params: readonly SqlValue[],
  one: boolean,
  mode: Mode,
): Promise<SqlResult> {
  const flags = (one ? FLAG.one : 0) | (shapes ? FLAG.shapes : 0);
  return process.ask([ASK.run, file, text, params, mode, flags], alone);
}

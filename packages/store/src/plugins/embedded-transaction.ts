import type { Clock } from '@backplane/base';
import type { SqlResult, SqlTransaction, SqlValue } from '@backplane/ports';
import { errors } from '../errors.ts';
import type { Asker, DatabaseProcess } from './database-process.ts';
import { ASK, FLAG, MODE } from './database-protocol.ts';
import type { VettedSql } from './vet-sql.ts';

/** An open file in one of the processes. */
export interface FilePlace {
  readonly process: DatabaseProcess;
  readonly file: number;
  /** Who asks, outside and within a transaction. */
  readonly alone: Asker;
  readonly within: Asker;
}

export interface EmbeddedTransactionOptions {
  readonly plugin: string;
  readonly clock: Clock;
  readonly limitMs: number;
  readonly vet: (text: string, params: readonly SqlValue[]) => VettedSql;
  /** Called once, when others may have the file again. */
  readonly leave: () => void;
}

/** A transaction in the process that it was begun in: when that is gone, so is the transaction. */
export class EmbeddedTransaction implements SqlTransaction {
  readonly #place: FilePlace;
  readonly #options: EmbeddedTransactionOptions;
  readonly #epoch: number;
  readonly #limit;
  /** Why nothing more can be done in it. */
  #ended: string | undefined;
  #undone: Promise<void> | undefined;

  private constructor(place: FilePlace, options: EmbeddedTransactionOptions) {
    this.#place = place;
    this.#options = options;
    this.#epoch = place.process.epoch;
    const { clock, limitMs } = options;
    this.#limit = clock.after(limitMs, () => {
      this.#ended ??= `it took more than ${limitMs} ms`;
      void this.#undo();
    });
  }

  /** Of a process that has nothing else to do the answer is not awaited: what comes first is refused where there is no transaction. */
  static async begin(place: FilePlace, options: EmbeddedTransactionOptions): Promise<EmbeddedTransaction> {
    const { process, file, alone, within } = place;
    if (process.busy) await process.ask([ASK.begin, file], alone);
    else process.ask([ASK.begin, file], within).catch(() => {});
    return new EmbeddedTransaction(place, options);
  }

  async run(text: string, params: readonly SqlValue[], one = false): Promise<SqlResult> {
    this.#assertOpen();
    const { text: sql, shapes } = this.#options.vet(text, params);
    const { process, file, within } = this.#place;
    const flags = (one ? FLAG.one : 0) | (shapes ? FLAG.shapes : 0);
    try {
      return await process.ask([ASK.run, file, sql, params, MODE.within, flags], within);
    } catch (error) {
      // As in PostgreSQL: what has failed once cannot be committed.
      this.#ended ??= 'a statement in it failed';
      throw error;
    }
  }

  async commit(): Promise<void> {
    this.#assertOpen();
    this.#ended = 'it was committed';
    this.#limit.cancel();
    const { process, file, within } = this.#place;
    try {
      await process.ask([ASK.commit, file], within);
    } catch (error) {
      await this.#undo();
      throw error;
    }
    this.#undone = Promise.resolve();
    this.#options.leave();
  }

  async rollback(): Promise<void> {
    this.#ended ??= 'it was rolled back';
    await this.#undo();
  }

  /** Once only: after it, the file may be in somebody else's transaction. What the process has lost is rolled back already. */
  #undo(): Promise<void> {
    this.#undone ??= (async () => {
      const { process, file, within } = this.#place;
      this.#limit.cancel();
      if (process.epoch === this.#epoch) await process.ask([ASK.rollback, file], within).catch(() => {});
      this.#options.leave();
    })();
    return this.#undone;
  }

  #assertOpen(): void {
    if (this.#ended === undefined && this.#place.process.epoch !== this.#epoch) {
      this.#ended = 'the process of the database was ended';
      void this.#undo();
    }
    const { plugin } = this.#options;
    if (this.#ended !== undefined) throw errors.BP_DATABASE_TRANSACTION_ENDED({ plugin, reason: this.#ended });
  }
}

import type { SqlDatabase, SqlRunner, SqlTransaction, SqlValue } from '@backplane/ports';

/** The database of an instance, as a child uses it. A transaction that the child leaves open is rolled back when it is gone. */
export class DatabaseSide {
  readonly #database: SqlDatabase;
  readonly #open = new Map<number, SqlTransaction>();
  #lastId = 0;
  #ended = false;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async answer(method: string, args: readonly unknown[]): Promise<unknown> {
    switch (method) {
      case 'run':
        return run(this.#database, args);
      case 'begin':
        return this.#begin();
      case 'in':
        return run(this.#transaction(args[0]), args.slice(1));
      case 'commit':
      case 'rollback': {
        const transaction = this.#transaction(args[0]);
        this.#open.delete(args[0] as number);
        return transaction[method]();
      }
      default:
        throw new TypeError(`A child asked for database.${method}, which no host answers.`);
    }
  }

  end(): void {
    this.#ended = true;
    for (const transaction of this.#open.values()) undo(transaction);
    this.#open.clear();
  }

  async #begin(): Promise<number> {
    const transaction = await this.#database.begin();
    if (this.#ended) undo(transaction);
    this.#open.set(++this.#lastId, transaction);
    return this.#lastId;
  }

  #transaction(id: unknown): SqlTransaction {
    const transaction = this.#open.get(id as number);
    if (transaction === undefined) throw new TypeError('There is no such transaction.');
    return transaction;
  }
}

function run(runner: SqlRunner, [text, params, one]: readonly unknown[]): Promise<unknown> {
  if (typeof text !== 'string' || !Array.isArray(params)) throw new TypeError('A statement is a text with a list.');
  return runner.run(text, params as SqlValue[], one === true);
}

/** It ends at its limit where this fails. */
const undo = (transaction: SqlTransaction): void => void transaction.rollback().catch(() => {});

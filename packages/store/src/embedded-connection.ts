import type { SqliteDatabase, SqliteStatement } from 'kysely';
import Database from 'libsql';
import { errors } from './errors.ts';

/** Preparing costs several times what a small statement does. */
const KEPT_STATEMENTS = 256;

/** What SQLite says of a file that it cannot read or write as one. */
const UNUSABLE = /^SQLITE_(?:CANTOPEN|READONLY|PERM|IOERR)/;

/** One connection to an encrypted file, as Kysely's own SQLite dialect wants it. Statements are prepared once; what fails has a code. */
export class EmbeddedConnection implements SqliteDatabase {
  readonly #file: string;
  readonly #database: Database.Database;
  readonly #statements = new Map<string, SqliteStatement>();

  /** @throws BP_STORE_UNREADABLE, BP_STORE_DAMAGED, BP_STORE_FULL */
  constructor(file: string, key: string) {
    this.#file = file;
    this.#database = this.#telling(
      () => new Database(file, { encryptionCipher: 'aes256cbc', encryptionKey: key } as never),
    );
    try {
      // What is acknowledged is on the disk, whatever becomes of process and machine.
      for (const pragma of ['journal_mode = wal', 'synchronous = full', 'foreign_keys = on'])
        this.#telling(() => this.#database.pragma(pragma));
      this.#telling(() => this.#database.prepare('select count(*) from sqlite_master').get());
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  prepare(text: string): SqliteStatement {
    const kept = this.#statements.get(text);
    if (kept !== undefined) {
      this.#statements.delete(text);
      this.#statements.set(text, kept);
      return kept;
    }
    const statement = this.#telling(() => this.#database.prepare(text));
    const telling: SqliteStatement = {
      reader: statement.reader,
      all: (parameters) => this.#telling(() => statement.all(parameters)),
      run: (parameters) => {
        // A full disk ends a transaction by itself; whoever then takes it back would hear of that in place of the disk.
        if (text === 'rollback' && !this.#database.inTransaction) return { changes: 0, lastInsertRowid: 0 };
        return this.#telling(() => statement.run(parameters));
      },
      iterate: (parameters) => statement.iterate(parameters) as IterableIterator<unknown>,
    };
    // It takes effect while it is prepared, and is prepared each time.
    if (/^pragma synchronous\b/.test(text)) return telling;
    // A statement that changes the schema is not made twice, and makes those before it stale.
    if (/^\s*(?:create|alter|drop|pragma|vacuum)\b/i.test(text)) this.#statements.clear();
    else this.#statements.set(text, telling);
    const [oldest] = this.#statements.keys();
    if (this.#statements.size > KEPT_STATEMENTS && oldest !== undefined) this.#statements.delete(oldest);
    return telling;
  }

  /** Brings everything into the one file, which can then be copied while nothing is written. */
  checkpoint(): void {
    this.#telling(() => this.#database.pragma('wal_checkpoint(truncate)'));
  }

  /** Leaves one file, where there is room for it: what is in the log beside it is found again otherwise. */
  close(): void {
    this.#statements.clear();
    try {
      this.checkpoint();
    } catch {
      // It was damaged or had no room; whoever opens it next is told.
    }
    this.#database.close();
  }

  #telling<T>(action: () => T): T {
    try {
      return action();
    } catch (cause) {
      const { code = '', message } = cause as { readonly code?: string; readonly message: string };
      const file = this.#file;
      if (code === 'SQLITE_NOTADB') throw errors.BP_STORE_UNREADABLE({ file }, { cause });
      if (code === 'SQLITE_FULL') throw errors.BP_STORE_FULL({ file }, { cause });
      if (code.startsWith('SQLITE_CORRUPT')) throw errors.BP_STORE_DAMAGED({ file, reason: message }, { cause });
      if (UNUSABLE.test(code) || message.startsWith('ConnectionFailed'))
        throw errors.BP_STORE_UNUSABLE({ folder: file, reason: message }, { cause });
      throw cause;
    }
  }
}

import { CompiledQuery, type Kysely } from 'kysely';
import type { StoreKind } from '../migrations.ts';
import type { Tables } from '../tables.ts';

/** A value as both databases take it. */
export type Cell = string | number | null;

/** Largest first. So few texts are prepared, whatever the size of a batch. */
const ROWS_AT_ONCE = [64, 8, 1];

/**
 * Inserts rows into a table, many with one statement. The texts are made once: building and preparing a query costs several times what
 * inserting does.
 */
export class RowInserter {
  readonly #texts: ReadonlyMap<number, string>;

  constructor(kind: StoreKind, table: keyof Tables, columns: readonly string[]) {
    const named = columns.map((column) => `"${column}"`).join(', ');
    this.#texts = new Map(
      ROWS_AT_ONCE.map((rows) => [
        rows,
        `insert into "${table}" (${named}) values ${places(kind, rows, columns.length)}`,
      ]),
    );
  }

  /** In order. Whoever wants all or nothing gives a transaction. */
  async insert(db: Kysely<Tables>, rows: readonly (readonly Cell[])[]): Promise<void> {
    let done = 0;
    for (const [size, text] of this.#texts) {
      for (; rows.length - done >= size; done += size)
        await db.executeQuery(CompiledQuery.raw(text, rows.slice(done, done + size).flat()));
    }
  }
}

function places(kind: StoreKind, rows: number, columns: number): string {
  const place = (row: number, column: number) => (kind === 'postgres' ? `$${row * columns + column + 1}` : '?');
  const row = (index: number) => `(${Array.from({ length: columns }, (_, column) => place(index, column)).join(', ')})`;
  return Array.from({ length: rows }, (_, index) => row(index)).join(', ');
}

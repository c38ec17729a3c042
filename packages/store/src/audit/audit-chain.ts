import { createHash } from 'node:crypto';
import { CompiledQuery, type Kysely, sql } from 'kysely';
import { RowInserter } from '../batch/row-inserter.ts';
import type { StoreKind } from '../migrations.ts';
import type { Tables } from '../tables.ts';
import type { AuditContent } from './audit-entry.ts';

/** The last row of a chain. */
export interface AuditHead {
  /** 0 where there is none. */
  readonly sequence: number;
  readonly hash: string;
}

/** One row of a chain. */
export interface AuditRow extends AuditContent {
  readonly node: string;
  readonly sequence: number;
  readonly previous_hash: string;
  readonly hash: string;
}

/** What the first row is bound to. */
export const BEGINNING: AuditHead = Object.freeze({ sequence: 0, hash: '0'.repeat(64) });

/** One lock for each node, apart from those of others who use the same database. */
const LOCK_CLASS = 0x61_75_64_69;

/**
 * SHA-256 over everything that a row says, where it stands, and the hash before it, as a JSON array: there is one way to write it, and no two
 * rows are written alike.
 */
export function hashOf(row: Omit<AuditRow, 'hash'>): string {
  const { node, sequence, time, actor, origin, action, target, before, after, previous_hash } = row;
  const text = ['backplane-audit-1', node, sequence, time, actor, origin, action, target, before, after, previous_hash];
  return createHash('sha256').update(JSON.stringify(text)).digest('hex');
}

/** The chain of one node. */
export class AuditChain {
  readonly node: string;
  readonly #kind: StoreKind;
  readonly #rows: RowInserter;
  readonly #headText: string;

  constructor(kind: StoreKind, node: string) {
    this.node = node;
    this.#kind = kind;
    const place = kind === 'postgres' ? '$1' : '?';
    this.#headText = `select sequence, hash from audit where node = ${place} order by sequence desc limit 1`;
    const columns = ['node', 'sequence', 'time', 'actor', 'origin', 'action', 'target', 'before', 'after'];
    this.#rows = new RowInserter(kind, 'audit', [...columns, 'previous_hash', 'hash']);
  }

  /** As far as `db` sees. */
  async head(db: Kysely<Tables>): Promise<AuditHead> {
    // Asked for with each batch, where building it would cost more than the answer.
    const { rows } = await db.executeQuery<AuditHead>(CompiledQuery.raw(this.#headText, [this.node]));
    const [row] = rows;
    return row ?? BEGINNING;
  }

  /** The hash that a row bears, as far as `db` sees. */
  async hashAt(db: Kysely<Tables>, sequence: number): Promise<string | undefined> {
    const rows = db.selectFrom('audit').select('hash').where('node', '=', this.node);
    return (await rows.where('sequence', '=', sequence).executeTakeFirst())?.hash;
  }

  /**
   * Appends rows within a transaction, and gives the head of each. Until the transaction ends nobody else appends: on libSQL because it has
   * the only connection, on PostgreSQL because of a lock.
   */
  async append(transaction: Kysely<Tables>, contents: readonly AuditContent[]): Promise<readonly AuditHead[]> {
    if (this.#kind === 'postgres')
      await sql`select pg_advisory_xact_lock(${sql.lit(LOCK_CLASS)}, hashtext(${this.node}))`.execute(transaction);
    let head = await this.head(transaction);
    const rows = contents.map((content) => {
      const row = { ...content, node: this.node, sequence: head.sequence + 1, previous_hash: head.hash };
      head = { sequence: row.sequence, hash: hashOf(row) };
      return { ...row, hash: head.hash };
    });
    await this.#rows.insert(
      transaction,
      rows.map((row) => [
        ...[row.node, row.sequence, row.time, row.actor, row.origin, row.action, row.target, row.before, row.after],
        ...[row.previous_hash, row.hash],
      ]),
    );
    return rows.map(({ sequence, hash }) => ({ sequence, hash }));
  }
}

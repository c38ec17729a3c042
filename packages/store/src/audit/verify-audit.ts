import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';
import { readAnchors } from './anchor-file.ts';
import type { AuditRow } from './audit-chain.ts';
import { AuditProblems, type AuditReport } from './audit-report.ts';
import { ChainCheck } from './chain-check.ts';
import { HeadCheck } from './head-check.ts';
import type { AuditKeys, SignedHead } from './signed-head.ts';

export interface VerifyAuditOptions {
  readonly store: Store;
  readonly node: string;
  /** The public keys that are trusted, as PEM, by key id. */
  readonly keys: AuditKeys;
  /** Without it, rows that were cut off together with their heads are not missed. */
  readonly anchorFile?: string;
  /** Called after each page with the rows read so far. */
  readonly onProgress?: (rows: number) => void;
}

const PAGE = 500;
const MOST_TORN = 100;

/**
 * Finds out whether the audit trail of a node is what was recorded: each row that was edited, deleted, inserted or moved, and what was cut off
 * the end or replaced after it had been signed, is named by its sequence. Reads in pages, with a turn for everybody else between them; the trail
 * may be written meanwhile.
 */
export async function verifyAudit(options: VerifyAuditOptions): Promise<AuditReport> {
  const { store, node, keys, anchorFile, onProgress = () => {} } = options;
  const { db } = store;
  const problems = new AuditProblems();
  const heads = new HeadCheck(problems, keys, 'signed');
  const anchors = new HeadCheck(problems, keys, 'anchored outside');
  // Whatever is signed by now has been written before.
  const newest = await lastHead(db, node);

  const chain = new ChainCheck(problems);
  const signed = headsOf(db, node, newest?.sequence ?? 0);
  let next = await signed.next();
  for await (const page of rowsIn(db, node)) {
    for (const row of page) {
      for (; !next.done && next.value.sequence <= row.sequence; next = await signed.next())
        await heads.take(next.value, next.value.sequence === row.sequence ? row.hash : undefined);
      chain.take(row);
    }
    onProgress(chain.rows);
  }
  for (; !next.done; next = await signed.next()) await heads.take(next.value, undefined);
  chain.end();
  heads.end(chain.last.sequence);

  const tornLines =
    anchorFile === undefined ? [] : await checkOutside(db, node, anchorFile, { anchors, problems, newest });
  const covered = Math.max(heads.agreed.sequence, anchors.agreed.sequence);
  const found = problems.sorted();
  return {
    ok: found.length === 0,
    node,
    rows: chain.rows,
    last: { sequence: chain.last.sequence, hash: chain.last.hash },
    heads: heads.good,
    anchored: anchorFile === undefined ? undefined : anchors.highest,
    uncovered: Math.max(0, chain.last.sequence - covered),
    tornLines,
    problems: found,
    more: problems.more,
  };
}

interface Outside {
  readonly anchors: HeadCheck;
  readonly problems: AuditProblems;
  /** The last head in the database, which was written outside before. */
  readonly newest: SignedHead | undefined;
}

/** Finds the heads of the database that were not written outside, though they are written there first. Both come in the order of their rows. */
class MissingAnchors {
  readonly #signed: AsyncGenerator<SignedHead, undefined>;
  #next: IteratorResult<SignedHead, undefined> | undefined;
  #lost: { readonly first: number; readonly through: number } | undefined;

  constructor(signed: AsyncGenerator<SignedHead, undefined>) {
    this.#signed = signed;
  }

  async take({ sequence, hash }: SignedHead): Promise<void> {
    this.#next ??= await this.#signed.next();
    while (!this.#next.done && this.#next.value.sequence < sequence) await this.#lose(this.#next.value);
    if (!this.#next.done && this.#next.value.sequence === sequence && this.#next.value.hash === hash)
      this.#next = await this.#signed.next();
  }

  async end(): Promise<{ readonly first: number; readonly through: number } | undefined> {
    this.#next ??= await this.#signed.next();
    while (!this.#next.done) await this.#lose(this.#next.value);
    return this.#lost;
  }

  async #lose({ sequence }: SignedHead): Promise<void> {
    this.#lost = { first: this.#lost?.first ?? sequence, through: sequence };
    this.#next = await this.#signed.next();
  }
}

/** Gives the lines that are no heads. */
async function checkOutside(
  db: Kysely<Tables>,
  node: string,
  file: string,
  { anchors, problems, newest }: Outside,
): Promise<readonly number[]> {
  const torn: number[] = [];
  const missing = new MissingAnchors(headsOf(db, node, newest?.sequence ?? 0));
  let page: SignedHead[] = [];
  const check = async () => {
    const hashes = await hashesAt(
      db,
      node,
      page.map(({ sequence }) => sequence),
    );
    for (const head of page) await anchors.take(head, hashes.get(head.sequence));
    page = [];
    await nextTurn();
  };
  for await (const { line, head } of readAnchors(file)) {
    if (head === undefined && torn.length < MOST_TORN) torn.push(line);
    if (head?.node !== node) continue;
    await missing.take(head);
    if (page.push(head) === PAGE) await check();
  }
  await check();
  const last = await db
    .selectFrom('audit')
    .select(({ fn }) => fn.max('sequence').as('sequence'))
    .where('node', '=', node)
    .executeTakeFirstOrThrow();
  anchors.end(last.sequence ?? 0);
  const lost = await missing.end();
  // Where another database was put in its place, that has been told.
  if (lost !== undefined && !problems.within(lost.first, lost.through)) {
    const { first, through } = lost;
    const which = first === through ? `the anchor of row ${first}` : `anchors of rows ${first} to ${through}`;
    const text = `${file} does not have ${which}, which the database says was written to it.`;
    problems.add('anchor-missing', first, through, text);
  }
  return torn;
}

async function* rowsIn(db: Kysely<Tables>, node: string): AsyncGenerator<readonly AuditRow[]> {
  for (let last: number | undefined; ; ) {
    let query = db.selectFrom('audit').selectAll().where('node', '=', node);
    if (last !== undefined) query = query.where('sequence', '>', last);
    const page = await query.orderBy('sequence').limit(PAGE).execute();
    if (page.length > 0) yield page;
    last = page.at(-1)?.sequence;
    if (page.length < PAGE) return;
    await nextTurn();
  }
}

async function* headsOf(db: Kysely<Tables>, node: string, newest: number): AsyncGenerator<SignedHead, undefined> {
  for (let last = 0; ; ) {
    const query = db.selectFrom('audit_heads').selectAll().where('node', '=', node);
    const bounded = query.where('sequence', '>', last).where('sequence', '<=', newest);
    const page = await bounded.orderBy('sequence').limit(PAGE).execute();
    yield* page;
    last = page.at(-1)?.sequence ?? last;
    if (page.length < PAGE) return undefined;
  }
}

const lastHead = (db: Kysely<Tables>, node: string): Promise<SignedHead | undefined> =>
  db
    .selectFrom('audit_heads')
    .selectAll()
    .where('node', '=', node)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();

async function hashesAt(
  db: Kysely<Tables>,
  node: string,
  sequences: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  if (sequences.length === 0) return new Map();
  const query = db.selectFrom('audit').select(['sequence', 'hash']).where('node', '=', node);
  const rows = await query.where('sequence', 'in', sequences).execute();
  return new Map(rows.map(({ sequence, hash }) => [sequence, hash]));
}

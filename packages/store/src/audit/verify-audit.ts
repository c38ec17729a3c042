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

/** Gives the lines that are no heads. */
async function checkOutside(
  db: Kysely<Tables>,
  node: string,
  file: string,
  { anchors, problems, newest }: Outside,
): Promise<readonly number[]> {
  const torn: number[] = [];
  let missing = newest;
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
    if (head.sequence === missing?.sequence && head.hash === missing.hash) missing = undefined;
    if (page.push(head) === PAGE) await check();
  }
  await check();
  if (missing !== undefined) {
    const { sequence } = missing;
    const text = `${file} does not have the anchor of row ${sequence}, which the database says was written to it.`;
    problems.add('anchor-missing', sequence, sequence, text);
  }
  const last = await db
    .selectFrom('audit')
    .select(({ fn }) => fn.max('sequence').as('sequence'))
    .where('node', '=', node)
    .executeTakeFirstOrThrow();
  anchors.end(last.sequence ?? 0);
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

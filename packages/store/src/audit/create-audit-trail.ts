import { type BackplaneError, type Clock, messageOf, systemClock } from '@backplane/base';
import type { KeySigner } from '@backplane/ports';
import type { Transaction } from 'kysely';
import { BatchWriter } from '../batch/batch-writer.ts';
import { errors } from '../errors.ts';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';
import { AnchorFile } from './anchor-file.ts';
import { AuditChain, type AuditHead, BEGINNING } from './audit-chain.ts';
import { type AuditContent, type AuditEntry, type AuditRedactor, contentOf } from './audit-entry.ts';
import { HeadAnchor } from './head-anchor.ts';
import { createHeadSigner } from './signed-head.ts';

export interface AuditTrailOptions {
  readonly store: Store;
  /** Names the chain: each host that shares a database has its own, under the same name after each start. */
  readonly node: string;
  /** Keeps the key that signs heads. */
  readonly signer: KeySigner;
  /** Where signed heads are appended outside of the database, one JSON object a line. Made with mode 0600, its folder with 0700. */
  readonly anchorFile: string;
  /** Passes everything that is kept of `before` and `after`. */
  readonly redact: AuditRedactor;
  /** Told of what is wrong with the trail while it goes on: BP_AUDIT_BEHIND, BP_AUDIT_ANCHOR_LOST, BP_AUDIT_ANCHOR_TORN, BP_AUDIT_NOT_ANCHORED. */
  readonly report: (problem: BackplaneError) => void;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** A head is signed after so many rows. Default 1,000. */
  readonly signEveryRows?: number;
  /** … and so many milliseconds after the first row without one. Default 1,000. */
  readonly signEveryMs?: number;
  /** A row that is not on the disk after so many milliseconds is refused. Default 15,000. */
  readonly limitMs?: number;
}

export interface AuditTrail {
  readonly node: string;
  /** Whoever verifies needs it. */
  readonly key: { readonly keyId: string; readonly publicKey: string };
  /**
   * Resolves when the row is on the disk: what is asked for at the same time shares one transaction. Within a transaction of the caller's it
   * would wait for its end: `recordIn` is for that.
   * @throws BP_AUDIT_REFUSED when it is not certain that the row is on the disk
   */
  record(entry: AuditEntry): Promise<AuditHead>;
  /**
   * Writes the row as part of a transaction, so that a change and its row are on the disk together or not at all. Make it the last statement:
   * rows of this node wait until the transaction ends.
   * @throws BP_AUDIT_REFUSED; then let the transaction fail
   */
  recordIn(transaction: Transaction<Tables>, entry: AuditEntry): Promise<AuditHead>;
  /** The last row, and the last that was anchored outside. */
  head(): Promise<AuditHead & { readonly anchored: number }>;
  /** Writes what waits, anchors the head, and refuses every later row. The store stays open. */
  close(): Promise<void>;
}

interface Waiting {
  readonly content: AuditContent;
  readonly resolve: (head: AuditHead) => void;
  readonly reject: (error: Error) => void;
}

const ROWS_IN_BATCH = 512;
/** Memory for a database that does not answer: above, rows are refused at once. */
const MOST_WAITING = 10_000;

/**
 * Opens the audit trail of a node. Where the database is behind what was anchored outside, because it was cut or an older one put in its place,
 * the trail reports it, records it, and goes on; `verifyAudit` then fails.
 */
export async function createAuditTrail(options: AuditTrailOptions): Promise<AuditTrail> {
  const { store, node, anchorFile, report, clock = systemClock } = options;
  const { signEveryRows: everyRows = 1_000, signEveryMs: everyMs = 1_000 } = options;
  const signer = await createHeadSigner(options.signer);
  const chain = new AuditChain(store.kind, node);
  const file = await AnchorFile.open(anchorFile).catch((cause: unknown) => {
    throw errors.BP_AUDIT_NOT_ANCHORED({ node, file: anchorFile, reason: messageOf(cause) }, { cause });
  });
  try {
    if (file.torn) report(errors.BP_AUDIT_ANCHOR_TORN({ file: anchorFile }));
    const head = await chain.head(store.db);
    const found = await compare(options, chain, file, head);
    const anchor = new HeadAnchor(
      { store, chain, signer, file, path: anchorFile, clock, report, everyRows, everyMs },
      found.anchored,
    );
    const trail = new Trail({ ...options, clock }, chain, anchor, file, signer);
    if (found.problem !== undefined) {
      report(found.problem);
      const { code, details } = found.problem;
      const target = `audit of ${node}`;
      await trail.record({
        actor: 'backplane',
        origin: node,
        action: 'audit.mismatch',
        target,
        after: { code, ...details },
      });
    }
    if (head.sequence > found.anchored.sequence) anchor.tell(head);
    return trail;
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface Comparison {
  /** What the database and the file agree on. */
  readonly anchored: AuditHead;
  readonly problem?: BackplaneError;
}

async function compare(
  { store, node, anchorFile }: AuditTrailOptions,
  chain: AuditChain,
  file: AnchorFile,
  head: AuditHead,
): Promise<Comparison> {
  const last = await file.lastOf(node);
  const heads = store.db.selectFrom('audit_heads').select('sequence').where('node', '=', node);
  const signed = await heads.orderBy('sequence', 'desc').limit(1).executeTakeFirst();
  if (signed !== undefined && signed.sequence > (last?.sequence ?? 0)) {
    const details = { node, file: anchorFile, anchored: signed.sequence };
    return { anchored: last ?? BEGINNING, problem: errors.BP_AUDIT_ANCHOR_LOST(details) };
  }
  if (last === undefined) return { anchored: BEGINNING };
  const { sequence: anchored, hash } = last;
  if ((await chain.hashAt(store.db, anchored)) === hash) return { anchored: last };
  return { anchored: BEGINNING, problem: errors.BP_AUDIT_BEHIND({ node, anchored, found: head.sequence }) };
}

class Trail implements AuditTrail {
  readonly node: string;
  readonly key: AuditTrail['key'];
  readonly #options: AuditTrailOptions & { readonly clock: Clock };
  readonly #chain: AuditChain;
  readonly #anchor: HeadAnchor;
  readonly #file: AnchorFile;
  readonly #writer: BatchWriter<Waiting>;
  #state: 'open' | 'stuck' | 'closed' = 'open';
  #closing: Promise<void> | undefined;

  constructor(
    options: AuditTrailOptions & { readonly clock: Clock },
    chain: AuditChain,
    anchor: HeadAnchor,
    file: AnchorFile,
    { keyId, publicKey }: AuditTrail['key'],
  ) {
    this.node = options.node;
    this.key = { keyId, publicKey };
    this.#options = options;
    this.#chain = chain;
    this.#anchor = anchor;
    this.#file = file;
    this.#writer = new BatchWriter({
      clock: options.clock,
      write: (batch) => this.#write(batch),
      most: ROWS_IN_BATCH,
      afterMs: 0,
      room: MOST_WAITING,
      retryMs: 0,
    });
  }

  async record(entry: AuditEntry): Promise<AuditHead> {
    const content = this.#contentOf(entry);
    const { promise, resolve, reject } = Promise.withResolvers<AuditHead>();
    if (!this.#writer.take({ content, resolve, reject }))
      throw this.#refusal(content, `${this.#writer.waiting} rows wait for the database already.`);
    return promise;
  }

  async recordIn(transaction: Transaction<Tables>, entry: AuditEntry): Promise<AuditHead> {
    const content = this.#contentOf(entry);
    try {
      const [head] = (await this.#chain.append(transaction, [content])) as [AuditHead];
      this.#anchor.tell(head);
      return head;
    } catch (cause) {
      throw this.#refusal(content, messageOf(cause), cause);
    }
  }

  async head(): Promise<AuditHead & { readonly anchored: number }> {
    const head = await this.#chain.head(this.#options.store.db);
    return { ...head, anchored: this.#anchor.anchored.sequence };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    await this.#writer.close();
    await this.#anchor.now();
    this.#anchor.close();
    await this.#file.close();
  }

  #contentOf(entry: AuditEntry): AuditContent {
    const content = contentOf(entry, this.#options.clock.now(), this.#options.redact);
    if (this.#state === 'closed') throw this.#refusal(content, 'it is closed.');
    if (this.#state === 'stuck') throw this.#refusal(content, 'the database does not answer.');
    return content;
  }

  /** Settles each row of the batch. A database that does not answer holds up nobody for longer than the limit. */
  async #write(batch: readonly Waiting[]): Promise<void> {
    const { clock, limitMs = 15_000 } = this.#options;
    const timer = clock.after(limitMs, () => {
      if (this.#state === 'open') this.#state = 'stuck';
      const reason = `it was not on the disk after ${limitMs} ms.`;
      for (const { content, reject } of [...batch, ...this.#writer.takeBack()]) reject(this.#refusal(content, reason));
    });
    try {
      const contents = batch.map(({ content }) => content);
      const { db } = this.#options.store;
      const heads = await db.transaction().execute((own) => this.#chain.append(own, contents));
      for (const [index, head] of heads.entries()) batch[index]?.resolve(head);
      this.#anchor.tell(heads.at(-1) as AuditHead);
    } catch (cause) {
      for (const { content, reject } of batch) reject(this.#refusal(content, messageOf(cause), cause));
    } finally {
      timer.cancel();
      if (this.#state === 'stuck') this.#state = 'open';
    }
  }

  #refusal({ action }: AuditContent, reason: string, cause?: unknown): BackplaneError {
    return errors.BP_AUDIT_REFUSED({ node: this.node, action, reason }, cause === undefined ? {} : { cause });
  }
}

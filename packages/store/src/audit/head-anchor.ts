import { type BackplaneError, type Clock, type ClockTimer, messageOf } from '@backplane/base';
import { errors } from '../errors.ts';
import type { Store } from '../store.ts';
import type { AnchorFile } from './anchor-file.ts';
import type { AuditChain, AuditHead } from './audit-chain.ts';
import type { HeadSigner } from './signed-head.ts';

export interface HeadAnchorOptions {
  readonly store: Store;
  readonly chain: AuditChain;
  readonly signer: HeadSigner;
  readonly file: AnchorFile;
  /** Its path, for messages. */
  readonly path: string;
  readonly clock: Clock;
  readonly report: (problem: BackplaneError) => void;
  /** A head is signed after so many rows … */
  readonly everyRows: number;
  /** … or so many milliseconds after the first row without one. */
  readonly everyMs: number;
}

/** A transaction that holds a row may be so many times as long as `everyMs`; its row is anchored with the next one otherwise. */
const MOST_LOOKS = 60;

/** Signs the head of a chain from time to time, and writes it outside of the database, then into it. Only what is committed is signed. */
export class HeadAnchor {
  readonly #options: HeadAnchorOptions;
  /** The last head that was written outside. */
  #anchored: AuditHead;
  /** The last row that anybody has told of. It may not be committed yet. */
  #told = 0;
  #looks = 0;
  #timer: ClockTimer | undefined;
  #run: Promise<void> = Promise.resolve();
  #failing = false;

  constructor(options: HeadAnchorOptions, anchored: AuditHead) {
    this.#options = options;
    this.#anchored = anchored;
  }

  get anchored(): AuditHead {
    return this.#anchored;
  }

  /** There is a new row, or there will be. */
  tell({ sequence }: AuditHead): void {
    const { everyRows, everyMs, clock } = this.#options;
    this.#told = Math.max(this.#told, sequence);
    this.#looks = 0;
    if (this.#told - this.#anchored.sequence >= everyRows && !this.#failing) void this.now();
    else this.#timer ??= clock.after(everyMs, () => void this.now());
  }

  /** Resolves when the head that is committed now is on the disk outside, or could not be written there, which is reported. */
  now(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#run = this.#run.then(() => this.#anchor());
    return this.#run;
  }

  close(): void {
    this.#timer?.cancel();
  }

  async #anchor(): Promise<void> {
    const { chain, store, path, report, clock, everyMs } = this.#options;
    try {
      const head = await chain.head(store.db);
      if (head.sequence > 0 && head.hash !== this.#anchored.hash) await this.#write(head);
      this.#failing = false;
      if (head.sequence >= this.#told || ++this.#looks >= MOST_LOOKS) return;
    } catch (cause) {
      const { node } = chain;
      if (!this.#failing)
        report(errors.BP_AUDIT_NOT_ANCHORED({ node, file: path, reason: messageOf(cause) }, { cause }));
      this.#failing = true;
    }
    this.#timer ??= clock.after(everyMs, () => void this.now());
  }

  /** Outside first: what the database says was anchored is outside, or somebody has removed it there. */
  async #write(head: AuditHead): Promise<void> {
    const { signer, chain, file, store, clock } = this.#options;
    const signed = await signer.sign(chain.node, head, clock.now());
    await file.append(signed);
    this.#anchored = head;
    const insert = store.db.insertInto('audit_heads').values(signed);
    await insert.onConflict((conflict) => conflict.columns(['node', 'sequence']).doNothing()).execute();
  }
}

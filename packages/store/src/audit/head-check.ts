import { type AuditHead, BEGINNING } from './audit-chain.ts';
import { type AuditProblems, rowsOf } from './audit-report.ts';
import { type AuditKeys, checkHead, type SignedHead } from './signed-head.ts';

/** Holds signed heads against the rows that bear their numbers, in the order in which they were signed. */
export class HeadCheck {
  readonly #problems: AuditProblems;
  readonly #keys: AuditKeys;
  /** Where heads were kept, as a message says it: `signed`, `anchored outside`. */
  readonly #where: string;
  readonly #unknown = new Set<string>();
  /** Consecutive heads that their rows do not bear. */
  #lost: { first: number; last: number } | undefined;
  #agreed: AuditHead = BEGINNING;
  #highest = 0;
  #good = 0;

  constructor(problems: AuditProblems, keys: AuditKeys, where: string) {
    this.#problems = problems;
    this.#keys = keys;
    this.#where = where;
  }

  /** Heads with a good signature. */
  get good(): number {
    return this.#good;
  }

  /** The highest row that a good head names. */
  get highest(): number {
    return this.#highest;
  }

  /** The last head that its row bears. */
  get agreed(): AuditHead {
    return this.#agreed;
  }

  /** `hash` is that of the row with the head's number; `undefined` when there is none. */
  async take(head: SignedHead, hash: string | undefined): Promise<void> {
    const { sequence } = head;
    const verdict = await checkHead(head, this.#keys);
    if (verdict === 'forged') {
      const text = `The head of row ${sequence} that was ${this.#where} is not signed by ${head.key_id}.`;
      return this.#problems.add('forged-head', sequence, sequence, text);
    }
    if (verdict === 'unknown-key') {
      if (this.#unknown.has(head.key_id)) return;
      this.#unknown.add(head.key_id);
      const text = `The head of row ${sequence} that was ${this.#where} names the key ${head.key_id}, which is not among those given.`;
      return this.#problems.add('unknown-key', sequence, sequence, text);
    }
    this.#good++;
    this.#highest = Math.max(this.#highest, sequence);
    if (hash === head.hash) {
      if (sequence > this.#agreed.sequence) this.#agreed = head;
    } else if (this.#lost === undefined)
      this.#lost = { first: Math.min(sequence, this.#agreed.sequence + 1), last: sequence };
    else this.#lost.last = Math.max(this.#lost.last, sequence);
  }

  /** Tells which rows are not those that were signed. `last` is the last row there is. */
  end(last: number): void {
    if (this.#lost === undefined) return;
    const { first, last: through } = this.#lost;
    const missing = through > last;
    // Who edits a row and hides it nowhere is told of that row alone; what is missing at the end nobody else tells.
    if (!missing && this.#problems.within(first, through)) return;
    const text = missing
      ? `The trail was ${this.#where} up to row ${through}, and ends with row ${last}: ${rowsOf(last + 1, through)} went missing.`
      : `The trail was ${this.#where} up to row ${through}, and is another one now: from row ${first} on, or after it, rows were replaced.`;
    this.#problems.add(missing ? 'truncated' : 'rewritten', missing ? last + 1 : first, through, text);
  }
}

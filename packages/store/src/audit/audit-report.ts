import type { AuditHead } from './audit-chain.ts';

export type AuditProblemKind =
  /** A row does not say any more what it said. */
  | 'edited'
  | 'deleted'
  | 'inserted'
  | 'reordered'
  /** Rows that were signed or anchored outside are missing at the end. */
  | 'truncated'
  /** Rows hang together, but are not those that were signed or anchored outside. */
  | 'rewritten'
  /** A head is not signed by the key that it names. */
  | 'forged-head'
  /** A head names a key that is not among those given. */
  | 'unknown-key'
  /** The database says that a head was written outside, and it is not there. */
  | 'anchor-missing';

export interface AuditProblem {
  readonly kind: AuditProblemKind;
  /** The row, or the first of them. */
  readonly sequence: number;
  /** The last of them. */
  readonly through: number;
  readonly message: string;
}

/** What a verification found. */
export interface AuditReport {
  /** True when there is no problem. */
  readonly ok: boolean;
  readonly node: string;
  /** Rows that were read. */
  readonly rows: number;
  readonly last: AuditHead;
  /** Good heads in the database. */
  readonly heads: number;
  /** The last row that was anchored outside with a good signature; 0 for none. `undefined` when no file was given. */
  readonly anchored: number | undefined;
  /** Rows at the end that no good head covers: what is done to them is not found. */
  readonly uncovered: number;
  /** Lines of the anchor file that are no heads, because whoever wrote them was interrupted. At most 100. */
  readonly tornLines: readonly number[];
  /** By sequence. */
  readonly problems: readonly AuditProblem[];
  /** So many problems more were found than are named. */
  readonly more: number;
}

const MOST = 1_000;

/** Gathers problems, within bounds. */
export class AuditProblems {
  readonly #found: AuditProblem[] = [];
  more = 0;

  add(kind: AuditProblemKind, sequence: number, through: number, message: string): void {
    if (this.#found.length < MOST) this.#found.push({ kind, sequence, through, message });
    else this.more++;
  }

  /** True when something is wrong within these rows already. */
  within(first: number, last: number): boolean {
    return this.#found.some(({ sequence, through }) => sequence <= last && through >= first);
  }

  sorted(): readonly AuditProblem[] {
    return this.#found.toSorted((a, b) => a.sequence - b.sequence);
  }
}

/** `row 3` or `rows 3 to 5`. */
export const rowsOf = (first: number, last: number): string =>
  first === last ? `row ${first}` : `rows ${first} to ${last}`;

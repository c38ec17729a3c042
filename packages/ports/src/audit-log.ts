import type { AuditEntry } from './state-repository.ts';

/** A row of the audit trail. */
export interface AuditRecord extends Required<AuditEntry> {
  /** From 1, without gaps. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly hash: string;
}

/** Rows that are asked for, newest first. What is left out restricts nothing. */
export interface AuditQuery {
  /** A sequence: rows before it. */
  readonly before?: number | undefined;
  readonly limit: number;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  /** Milliseconds since the epoch, that moment included. */
  readonly since?: number | undefined;
  /** Milliseconds since the epoch, that moment left out. */
  readonly until?: number | undefined;
}

/** What a verification of the audit trail has found. */
export interface AuditVerdict {
  readonly ok: boolean;
  readonly node: string;
  /** Rows that were read. */
  readonly rows: number;
  readonly last: { readonly sequence: number; readonly hash: string };
  /** Signed heads that agree with the rows. */
  readonly heads: number;
  /** The last row that was anchored outside of the database. */
  readonly anchored: number | undefined;
  /** Rows at the end that no signed head covers yet. */
  readonly uncovered: number;
  /** Lines of the anchor file that were not written to their end. */
  readonly tornLines: readonly number[];
  readonly problems: readonly {
    readonly kind: string;
    readonly sequence: number;
    readonly through: number;
    readonly message: string;
  }[];
  /** So many problems more than are named. */
  readonly more: number;
}

/** Who did what, kept so that nobody can change it unseen. */
export interface AuditLog {
  /** Resolves when the row is on the disk. @throws BP_AUDIT_REFUSED */
  record(entry: AuditEntry): Promise<void>;
  list(query: AuditQuery): Promise<readonly AuditRecord[]>;
  /** Reads the whole trail, in pages. */
  verify(): Promise<AuditVerdict>;
}

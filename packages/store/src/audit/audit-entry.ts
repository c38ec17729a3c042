import { createHash } from 'node:crypto';

/** Who did what, from where, and what it was before and after. */
export interface AuditEntry {
  /** Who: a user, the holder of a token, or the host itself. */
  readonly actor: string;
  /** From where: an address, the command line, a file. */
  readonly origin: string;
  /** What, such as `plugin.enable`. */
  readonly action: string;
  /** On what, such as a plugin's name. */
  readonly target: string;
  /** Anything that can be written as JSON; it passes the redactor first. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Replaces what must not be kept, such as secrets. What it throws refuses the entry. */
export type AuditRedactor = (value: unknown, entry: AuditEntry) => unknown;

/** An entry as it is hashed and kept: text that both databases give back as it was. */
export interface AuditContent {
  readonly time: number;
  readonly actor: string;
  readonly origin: string;
  readonly action: string;
  readonly target: string;
  readonly before: string | null;
  readonly after: string | null;
}

const LONGEST_TEXT = 1_000;
const LONGEST_JSON = 256 * 1024;

export function contentOf(entry: AuditEntry, time: number, redact: AuditRedactor): AuditContent {
  const json = (value: unknown) => (value === undefined ? null : boundedJson(JSON.stringify(redact(value, entry))));
  return {
    time,
    actor: storable(entry.actor),
    origin: storable(entry.origin),
    action: storable(entry.action),
    target: storable(entry.target),
    before: json(entry.before),
    after: json(entry.after),
  };
}

/** PostgreSQL keeps no NUL, and no database half a character: what is hashed must be what is read back. */
const storable = (text: string): string =>
  String(text).slice(0, LONGEST_TEXT).toWellFormed().replaceAll('\0', '\ufffd');

/** What is too long to keep is bound by its hash, so that a copy kept elsewhere can be told to be the one. */
function boundedJson(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (text.length <= LONGEST_JSON) return text;
  return JSON.stringify({ omitted: text.length, sha256: createHash('sha256').update(text).digest('hex') });
}

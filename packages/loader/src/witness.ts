import { hash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';

/**
 * What a bundle was made from, as it was then. Times are milliseconds since the epoch. The time of the last status change is
 * recorded beside that of the content because package managers set the latter to a constant.
 */
export type Witness = FileWitness | FolderWitness | AbsenceWitness;

export interface FileWitness {
  readonly kind: 'file';
  readonly path: string;
  readonly size: number;
  readonly modifiedAt: number;
  readonly changedAt: number;
  readonly sha256: string;
}

/** A folder whose names decide what is imported: the package an import found, or the folder of an import with a pattern. */
export interface FolderWitness {
  readonly kind: 'folder';
  readonly path: string;
  readonly modifiedAt: number;
  readonly changedAt: number;
  /** Hash of where it really is and of the names in it that an import could mean. */
  readonly names: string;
}

/** A path that would win if it were there. */
export interface AbsenceWitness {
  readonly kind: 'absent';
  readonly path: string;
}

/** What a second look says: nothing touched; touched but equal (with the witness to keep from now on); different. */
export type Verdict =
  | { readonly verdict: 'same' }
  | { readonly verdict: 'touched'; readonly now: Witness }
  | { readonly verdict: 'changed' };

const SAME: Verdict = { verdict: 'same' };
const CHANGED: Verdict = { verdict: 'changed' };

/** A file or folder as it is now, or its absence. */
export function witness(path: string): Witness {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return { kind: 'absent', path };
  try {
    return described(path, stats);
  } catch (error) {
    // It went away between the two looks.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'absent', path };
    throw error;
  }
}

function described(path: string, stats: Stats): Witness {
  const times = { path, modifiedAt: stats.mtimeMs, changedAt: stats.ctimeMs };
  if (stats.isDirectory()) return { kind: 'folder', ...times, names: namesIn(path) };
  return { kind: 'file', ...times, size: stats.size, sha256: hash('sha256', readFileSync(path), 'hex') };
}

/** Compares by status first and by content only where the status differs. One `stat` where nothing was touched. */
export function recheck(then: Witness): Verdict {
  const stats = statSync(then.path, { throwIfNoEntry: false });
  if (stats === undefined) return then.kind === 'absent' ? SAME : CHANGED;
  switch (then.kind) {
    case 'absent':
      return CHANGED;
    case 'folder': {
      if (!stats.isDirectory()) return CHANGED;
      if (stats.mtimeMs === then.modifiedAt && stats.ctimeMs === then.changedAt) return SAME;
      const now = witness(then.path);
      return now.kind === 'folder' && now.names === then.names ? { verdict: 'touched', now } : CHANGED;
    }
    case 'file': {
      if (!stats.isFile() || stats.size !== then.size) return CHANGED;
      if (stats.mtimeMs === then.modifiedAt && stats.ctimeMs === then.changedAt) return SAME;
      const now = witness(then.path);
      return now.kind === 'file' && now.sha256 === then.sha256 ? { verdict: 'touched', now } : CHANGED;
    }
  }
}

// Folders, scoped or not, have no extension; data files, logs and editors' swap files come and go without a meaning here.
const IMPORTABLE = /^[^.][^.]*$|\.(?:[cm]?[jt]sx?|json|node)$/;

function namesIn(folder: string): string {
  const names = readdirSync(folder).filter((name) => IMPORTABLE.test(name));
  return hash('sha256', [realpathSync(folder), ...names.sort()].join('\n'), 'hex');
}

/** The verdict over many. `hidden`: a change that size and time of modification do not show. */
export type Verdicts =
  | { readonly state: 'same' }
  | { readonly state: 'touched'; readonly witnesses: readonly Witness[] }
  | { readonly state: 'changed'; readonly hidden: boolean };

export function recheckAll(witnesses: readonly Witness[]): Verdicts {
  let fresh: Witness[] | undefined;
  let changed: { hidden: boolean } | undefined;
  for (const [index, then] of witnesses.entries()) {
    const verdict = recheck(then);
    if (verdict.verdict === 'changed') changed = { hidden: changed?.hidden === true || isHidden(then) };
    if (verdict.verdict !== 'touched') continue;
    fresh ??= [...witnesses];
    fresh[index] = verdict.now;
  }
  if (changed !== undefined) return { state: 'changed', ...changed };
  return fresh === undefined ? { state: 'same' } : { state: 'touched', witnesses: fresh };
}

function isHidden(then: Witness): boolean {
  if (then.kind !== 'file') return false;
  const stats = statSync(then.path, { throwIfNoEntry: false });
  return stats?.size === then.size && stats.mtimeMs === then.modifiedAt;
}

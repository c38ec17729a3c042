import { type AuditHead, type AuditRow, BEGINNING, hashOf } from './audit-chain.ts';
import { type AuditProblems, rowsOf } from './audit-report.ts';

/** Consecutive rows that once stood `shift` further on, as their hashes prove. */
interface Stretch {
  readonly from: number;
  to: number;
  readonly shift: number;
}

/** A row that was renumbered is looked for so far from where it stands. */
const FAR = 64;
/** So many rows that are not what they were are looked at closely. */
const MOST_FAILING = 200;
const MOST_STRETCHES = 10_000;

/**
 * Takes the rows of a chain in the order of their sequence, and tells what was done to them. A hash proves what a row said and where it stood, and
 * which hash stood before it: a row that proves right elsewhere was moved, by somebody who deleted, inserted or reordered rows and numbered them
 * anew. Memory does not grow with the number of rows.
 */
export class ChainCheck {
  readonly #problems: AuditProblems;
  readonly #stretches: Stretch[] = [];
  /** Rows that prove right nowhere near. */
  readonly #failing: AuditRow[] = [];
  /** Numbers without a row. */
  readonly #holes: [number, number][] = [];
  #shift = 0;
  #before: AuditRow | undefined;
  #beforeFails = false;
  /** A row that is right by itself, and is not the one that the next was bound to. */
  #suspect: number | undefined;
  #rows = 0;

  constructor(problems: AuditProblems) {
    this.#problems = problems;
  }

  get rows(): number {
    return this.#rows;
  }

  get last(): AuditHead {
    return this.#before ?? BEGINNING;
  }

  take(row: AuditRow): void {
    this.#rows++;
    if (row.sequence < 1) {
      this.#problems.add(
        'inserted',
        row.sequence,
        row.sequence,
        `Row ${row.sequence} was inserted: chains begin with 1.`,
      );
      return;
    }
    const expected = (this.#before?.sequence ?? 0) + 1;
    const hole = row.sequence > expected;
    if (hole && this.#holes.length < MOST_STRETCHES) this.#holes.push([expected, row.sequence - 1]);
    const shift = this.#shiftOf(row);
    const fails = shift === undefined;
    if (fails) this.#fail(row);
    else this.#place(row, shift);
    const bound = row.previous_hash === (this.#before?.hash ?? BEGINNING.hash);
    const explained = hole || fails || this.#beforeFails || shift !== this.#shift;
    const broken = !bound && !explained;
    // Where the row before is bound to nothing either, it is the one that was changed, and not both of its neighbours.
    if (!broken && this.#suspect !== undefined) this.#edited(this.#suspect);
    this.#suspect = broken ? Math.max(1, expected - 1) : undefined;
    if (!fails) this.#shift = shift;
    this.#before = row;
    this.#beforeFails = fails;
  }

  /** Tells what only the whole shows. */
  end(): void {
    if (this.#suspect !== undefined) this.#edited(this.#suspect);
    this.#findMoved();
    const stretches = this.#stretches.sort((a, b) => a.from - b.from);
    const proved = stretches.map(({ from, to, shift }): [number, number] => [from + shift, to + shift]);
    const failing = this.#failing.map(({ sequence }) => sequence);
    const deleted = gapsIn(proved, failing);
    for (const [first, last] of deleted)
      this.#problems.add('deleted', first, last, `${capital(rowsOf(first, last))} ${was(first, last)} deleted.`);
    // A row that proves nothing, where another one proves to have stood, is not that one edited.
    const put = failing.filter((sequence) => proved.some(([from, to]) => from <= sequence && sequence <= to));
    const inserted = [...overlapsIn(proved), ...put.map((sequence): Range => [sequence, sequence])];
    for (const [first, last] of inserted)
      this.#problems.add('inserted', first, last, `${capital(rowsOf(first, last))} ${was(first, last)} inserted.`);
    for (const { from, to, shift } of stretches) {
      const expected = countBelow(deleted, from + shift) - countBelow(inserted, from) - countBelow(this.#holes, from);
      if (shift === expected) continue;
      const text = `${capital(rowsOf(from, to))} stood as ${rowsOf(from + shift, to + shift)}.`;
      this.#problems.add('reordered', from, to, text);
    }
    for (const sequence of failing) this.#edited(sequence);
  }

  #edited(sequence: number): void {
    if (!this.#problems.within(sequence, sequence))
      this.#problems.add('edited', sequence, sequence, `Row ${sequence} is not what it was.`);
  }

  /** How far on a row once stood; `undefined` when it proves right nowhere near. */
  #shiftOf(row: AuditRow): number | undefined {
    if (stoodAt(row, row.sequence + this.#shift)) return this.#shift;
    if (this.#failing.length >= MOST_FAILING) return undefined;
    for (let far = 1; far <= FAR; far++)
      for (const shift of [far, -far, this.#shift + far, this.#shift - far])
        if (stoodAt(row, row.sequence + shift)) return shift;
    return stoodAt(row, row.sequence) ? 0 : undefined;
  }

  #fail(row: AuditRow): void {
    if (this.#failing.length < MOST_FAILING) this.#failing.push(row);
    else this.#edited(row.sequence);
  }

  #place({ sequence }: AuditRow, shift: number): void {
    const stretch = this.#stretches.at(-1);
    if (stretch?.shift === shift && stretch.to === sequence - 1) stretch.to = sequence;
    else if (this.#stretches.length >= MOST_STRETCHES) this.#problems.more++;
    else this.#stretches.push({ from: sequence, to: sequence, shift });
  }

  /** Rows that changed places over a distance. */
  #findMoved(): void {
    const places = this.#failing.map(({ sequence }) => sequence);
    for (const row of [...this.#failing]) {
      const place = places.find((candidate) => stoodAt(row, candidate));
      if (place === undefined) continue;
      this.#failing.splice(this.#failing.indexOf(row), 1);
      this.#stretches.push({ from: row.sequence, to: row.sequence, shift: place - row.sequence });
    }
  }
}

const stoodAt = (row: AuditRow, sequence: number): boolean => hashOf({ ...row, sequence }) === row.hash;

type Range = readonly [first: number, last: number];

/** Numbers from 1 that nothing proves, and where no row fails. */
function gapsIn(proved: readonly Range[], failing: readonly number[]): Range[] {
  const gaps: Range[] = [];
  let next = 1;
  const known = [...proved, ...failing.map((sequence): Range => [sequence, sequence])].sort((a, b) => a[0] - b[0]);
  for (const [from, to] of known) {
    if (from > next) gaps.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  return gaps;
}

/** Numbers that are proved twice: somebody put a row of his own before the one that had the number. */
function overlapsIn(proved: readonly Range[]): Range[] {
  const overlaps: Range[] = [];
  let reached = 0;
  for (const [from, to] of proved.toSorted((a, b) => a[0] - b[0])) {
    if (from <= reached) overlaps.push([from, Math.min(to, reached)]);
    reached = Math.max(reached, to);
  }
  return overlaps;
}

const countBelow = (ranges: readonly Range[], limit: number): number =>
  ranges.reduce((sum, [first, last]) => sum + Math.max(0, Math.min(last, limit - 1) - first + 1), 0);

const was = (first: number, last: number): string => (first === last ? 'was' : 'were');
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

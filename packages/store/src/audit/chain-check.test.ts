import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditRow, BEGINNING, hashOf } from './audit-chain.ts';
import { AuditProblems } from './audit-report.ts';
import { ChainCheck } from './chain-check.ts';

function chain(length: number): AuditRow[] {
  let previous_hash = BEGINNING.hash;
  return Array.from({ length }, (_, index) => {
    const content = {
      actor: 'ada',
      origin: 'cli',
      action: 'plugin.enable',
      target: `p${index}`,
      before: null,
      after: '1',
    };
    const row = { ...content, node: 'n', sequence: index + 1, time: 1_000 + index, previous_hash };
    previous_hash = hashOf(row);
    return { ...row, hash: previous_hash };
  });
}

function check(rows: readonly AuditRow[]) {
  const problems = new AuditProblems();
  const checked = new ChainCheck(problems);
  for (const row of rows) checked.take(row);
  checked.end();
  return problems.sorted().map(({ kind, sequence, through }) => ({ kind, sequence, through }));
}

/** Numbers the rows anew, as somebody would who wants no gap to be seen. */
const renumbered = (rows: readonly AuditRow[]) => rows.map((row, index) => ({ ...row, sequence: index + 1 }));
const rehashed = (row: AuditRow): AuditRow => ({ ...row, hash: hashOf(row) });
/** With an index from 0, and a sequence from 1. */
const at = (rows: readonly AuditRow[], sequence: number) => rows[sequence - 1] as AuditRow;

it('finds nothing in a chain that is whole', () => {
  expect(check([])).toEqual([]);
  expect(check(chain(300))).toEqual([]);
});

describe('in a chain of 300 rows', () => {
  const rows = chain(300);
  const sequence = 120;

  it.each(['actor', 'origin', 'action', 'target', 'before', 'after', 'time', 'previous_hash', 'hash'] as const)(
    'names the row whose %s was edited',
    (column) => {
      const edited = { ...at(rows, sequence), [column]: column === 'time' ? 7 : 'f'.repeat(64) };
      expect(check(rows.with(sequence - 1, edited))).toEqual([{ kind: 'edited', sequence, through: sequence }]);
    },
  );

  it('names a row that was edited and hashed anew', () => {
    const edited = rehashed({ ...at(rows, sequence), actor: 'eve' });
    expect(check(rows.with(sequence - 1, edited))).toEqual([{ kind: 'edited', sequence, through: sequence }]);
  });

  it('names rows that were deleted, at the beginning and in the middle', () => {
    expect(check(rows.toSpliced(0, 2))).toEqual([{ kind: 'deleted', sequence: 1, through: 2 }]);
    expect(check(rows.toSpliced(sequence - 1, 3))).toEqual([{ kind: 'deleted', sequence, through: sequence + 2 }]);
  });

  it('names rows that were deleted where the gap was closed', () => {
    expect(check(renumbered(rows.toSpliced(sequence - 1, 1)))).toEqual([
      { kind: 'deleted', sequence, through: sequence },
    ]);
    expect(check(renumbered(rows.toSpliced(sequence - 1, 3)))).toEqual([
      { kind: 'deleted', sequence, through: sequence + 2 },
    ]);
  });

  it('names a row that was inserted, whether its hash is right or not', () => {
    const forged = rehashed({ ...at(rows, sequence), actor: 'eve' });
    for (const row of [forged, { ...forged, hash: 'f'.repeat(64) }])
      expect(check(renumbered(rows.toSpliced(sequence - 1, 0, row)))).toEqual([
        { kind: 'inserted', sequence, through: sequence },
      ]);
    expect(check([{ ...at(rows, 1), sequence: 0 }, ...rows])).toEqual([{ kind: 'inserted', sequence: 0, through: 0 }]);
  });

  it.each([1, 5, 150])('names both of two rows that changed places over a distance of %i', (distance) => {
    const [one, other] = [at(rows, sequence), at(rows, sequence + distance)];
    const swapped = rows.with(sequence - 1, other).with(sequence + distance - 1, one);
    expect(check(renumbered(swapped))).toEqual([
      { kind: 'reordered', sequence, through: sequence },
      { kind: 'reordered', sequence: sequence + distance, through: sequence + distance },
    ]);
  });

  it('tells apart several things that were done', () => {
    const edited = rows.with(9, { ...at(rows, 10), actor: 'eve' });
    const cut = edited.toSpliced(199, 1);
    expect(check(cut)).toEqual([
      { kind: 'edited', sequence: 10, through: 10 },
      { kind: 'deleted', sequence: 200, through: 200 },
    ]);
  });
});

it('finds whatever is done to one row of any chain', () => {
  const columns = fc.constantFrom('actor', 'origin', 'action', 'target', 'before', 'after', 'hash', 'previous_hash');
  const tampering = fc.oneof(
    fc.record({ edit: columns, value: fc.string(), rehash: fc.boolean() }),
    fc.record({ delete: fc.boolean() }),
    fc.record({ insert: fc.boolean() }),
    fc.record({ moveBy: fc.integer({ min: 1, max: 99 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 100 }), fc.nat(), tampering, (length, place, how) => {
      const rows = chain(length);
      // The last row is bound by nothing yet: only a signed head binds it.
      const sequence = (place % (length - 1)) + 1;
      const row = at(rows, sequence);
      let tampered: readonly AuditRow[];
      if ('edit' in how) {
        const edited = { ...row, [how.edit]: how.value };
        fc.pre(row[how.edit as keyof AuditRow] !== how.value);
        const hidden = how.rehash && how.edit !== 'hash';
        tampered = rows.with(sequence - 1, hidden ? rehashed(edited) : edited);
      } else if ('delete' in how) {
        const cut = rows.toSpliced(sequence - 1, 1);
        tampered = how.delete ? renumbered(cut) : cut;
      } else if ('insert' in how) {
        const forged = { ...row, actor: 'eve' };
        tampered = renumbered(rows.toSpliced(sequence - 1, 0, how.insert ? rehashed(forged) : forged));
      } else {
        const target = ((sequence - 1 + how.moveBy) % length) + 1;
        fc.pre(target !== sequence);
        tampered = renumbered(rows.toSpliced(sequence - 1, 1).toSpliced(target - 1, 0, row));
      }
      const found = check(tampered);
      expect(found).not.toEqual([]);
      if (!('moveBy' in how)) expect(found).toEqual([expect.objectContaining({ sequence })]);
    }),
    { numRuns: 500 },
  );
});

it('stays small in memory and quick when everything was tampered with', () => {
  const rows = chain(20_000).map((row) => ({ ...row, actor: 'eve' }));
  const problems = new AuditProblems();
  const checked = new ChainCheck(problems);
  for (const row of rows) checked.take(row);
  checked.end();
  expect(problems.sorted()).toHaveLength(1_000);
  expect(problems.more).toBe(19_000);
});

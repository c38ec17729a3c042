import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ManualClock } from '@backplane/testing';
import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import type { Store } from '../store.ts';
import { type AuditPlace, auditRows, entry, record, useAuditPlace } from '../testing/audit-place.ts';
import { describeOnBoth, type TestDatabase } from '../testing/use-databases.ts';
import { type AuditRow, hashOf } from './audit-chain.ts';

/** A store with a trail of `count` rows that was closed in order. */
async function written(database: TestDatabase, place: AuditPlace, count: number): Promise<Store> {
  const store = await database.open();
  const trail = await place.open(store, { signEveryRows: 4, clock: new ManualClock() });
  for (let n = 1; n <= count; n++) {
    await record(trail, 1, n);
    if (n % 4 === 0) await expect.poll(async () => (await trail.head()).anchored).toBe(n);
  }
  await trail.close();
  return store;
}

describeOnBoth('verifying an audit trail', (fresh) => {
  it.each<[string, (store: Store) => Promise<unknown>, object]>([
    [
      'a row that was edited',
      ({ db }) =>
        db
          .updateTable('audit')
          .set({ actor: 'eve' } as never)
          .where('sequence', '=', 6)
          .execute(),
      { kind: 'edited', sequence: 6 },
    ],
    [
      'a row that was deleted',
      ({ db }) => db.deleteFrom('audit').where('sequence', '=', 6).execute(),
      { kind: 'deleted', sequence: 6 },
    ],
    [
      'rows that changed places',
      async ({ db }) => {
        for (const [from, to] of [
          [6, 0],
          [7, 6],
          [0, 7],
        ])
          await sql`update audit set sequence = ${to} where sequence = ${from}`.execute(db);
      },
      { kind: 'reordered', sequence: 6 },
    ],
    [
      'a row that was put between two others',
      async (store) => {
        const rows = await auditRows(store);
        for (const { sequence } of rows.slice(5).reverse())
          await sql`update audit set sequence = ${sequence + 1} where sequence = ${sequence}`.execute(store.db);
        const forged = { ...(rows[5] as AuditRow), actor: 'eve' };
        await store.db
          .insertInto('audit')
          .values({ ...forged, hash: hashOf(forged) })
          .execute();
      },
      { kind: 'inserted', sequence: 6 },
    ],
    [
      'rows that were cut off the end, with their heads',
      async ({ db }) => {
        await db.deleteFrom('audit').where('sequence', '>', 6).execute();
        await db.deleteFrom('audit_heads').where('sequence', '>', 6).execute();
      },
      { kind: 'truncated', sequence: 7, through: 10 },
    ],
    [
      'rows that were cut off the end, without their heads',
      ({ db }) => db.deleteFrom('audit').where('sequence', '>', 9).execute(),
      { kind: 'truncated', sequence: 10, through: 10 },
    ],
    [
      'everything that was deleted',
      async ({ db }) => {
        await db.deleteFrom('audit').execute();
        await db.deleteFrom('audit_heads').execute();
      },
      { kind: 'truncated', sequence: 1, through: 10 },
    ],
    [
      'rows that were written anew so that they hang together',
      async (store) => {
        let previous_hash = '';
        for (const row of (await auditRows(store)).slice(5)) {
          previous_hash ||= row.previous_hash;
          const forged = { ...row, actor: 'eve', previous_hash };
          previous_hash = hashOf(forged);
          const changed = { ...forged, hash: previous_hash } as never;
          await store.db.updateTable('audit').set(changed).where('sequence', '=', row.sequence).execute();
        }
      },
      { kind: 'rewritten', sequence: 5, through: 10 },
    ],
    [
      'a head that was forged',
      ({ db }) =>
        db
          .updateTable('audit_heads')
          .set({ time: 1 } as never)
          .where('sequence', '=', 4)
          .execute(),
      { kind: 'forged-head', sequence: 4 },
    ],
  ])('finds %s', async (_, tamper, problem) => {
    const place = useAuditPlace();
    const store = await written(await fresh(), place, 10);
    expect(await place.verify(store)).toMatchObject({ ok: true, rows: 10, heads: 3, anchored: 10 });
    await tamper(store);
    const report = await place.verify(store);
    expect(report.ok).toBe(false);
    expect(report.problems).toContainEqual(expect.objectContaining(problem));
    await store.close();
  });

  it('finds the database of yesterday that was put back, and names the last row that was anchored outside', async () => {
    const place = useAuditPlace();
    const database = await fresh();
    const yesterday = await written(database, place, 5);
    const put = await setAside(database, yesterday);
    const today = await database.open();
    const trail = await place.open(today);
    await record(trail, 7, 6);
    await trail.close();
    await put(today);

    for (const more of [2, 20]) {
      const store = await database.open();
      const again = await place.open(store);
      await record(again, more, 100);
      await again.close();
      const report = await place.verify(store);
      expect(report.ok).toBe(false);
      const { through, message } = report.problems.find(({ through }) => through === 12) ?? {};
      expect({ through, message }).toEqual({
        through: 12,
        message: expect.stringContaining('anchored outside up to row 12'),
      });
      const found = (await auditRows(store)).find(({ action }) => action === 'audit.mismatch');
      expect(found).toMatchObject({ sequence: 6, after: expect.stringContaining('"anchored":12') });
      await store.close();
    }
    expect(place.reported.map(({ code }) => code)).toEqual(['BP_AUDIT_BEHIND']);
  });

  it('goes on after an anchor that was torn, and says which line it is', async () => {
    const place = useAuditPlace();
    const database = await fresh();
    const store = await written(database, place, 4);
    appendFileSync(place.anchorFile, '{"node":"one","seq');
    const trail = await place.open(store);
    await record(trail, 1, 5);
    await trail.close();
    expect(place.reported.map(({ code }) => code)).toEqual(['BP_AUDIT_ANCHOR_TORN']);
    expect(await place.verify(store)).toMatchObject({ ok: true, rows: 5, anchored: 5, tornLines: [2] });
    await store.close();
  });

  it('says that anchors are gone, goes on, and is not verified', async () => {
    const place = useAuditPlace();
    const store = await written(await fresh(), place, 8);
    writeFileSync(place.anchorFile, `${readFileSync(place.anchorFile, 'utf8').split('\n')[0]}\n`);
    expect((await place.verify(store)).problems).toMatchObject([{ kind: 'anchor-missing', sequence: 8 }]);
    rmSync(place.anchorFile);
    const trail = await place.open(store);
    await trail.close();
    expect(place.reported).toMatchObject([{ code: 'BP_AUDIT_ANCHOR_LOST', details: { anchored: 8 } }]);
    expect((await auditRows(store)).at(-1)).toMatchObject({ action: 'audit.mismatch', target: 'audit of one' });
    // Also when later rows have been anchored again.
    expect(await place.verify(store)).toMatchObject({ ok: false, problems: [{ kind: 'anchor-missing', through: 8 }] });
    await store.close();
  });

  it('does not verify with a key that is not the one that signed', async () => {
    const [place, other] = [useAuditPlace(), useAuditPlace()];
    const store = await written(await fresh(), place, 3);
    const foreign = await other.open(store, { node: 'two' });
    await foreign.close();
    writeFileSync(other.anchorFile, readFileSync(place.anchorFile));
    expect((await other.verify(store)).problems.map(({ kind }) => kind)).toContain('unknown-key');
    await store.close();
  });

  it('verifies while it is written', async () => {
    const place = useAuditPlace();
    const store = await (await fresh()).open();
    const trail = await place.open(store, { signEveryRows: 5, signEveryMs: 1 });
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => trail.record(entry(`p${n}`))));
    let writing = true;
    const more = (async () => {
      for (let n = 0; writing; n++) {
        await trail.record(entry(`more${n}`));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let n = 0; n < 5; n++) expect(await place.verify(store)).toMatchObject({ problems: [] });
    writing = false;
    await more;
    await trail.close();
    await store.close();
  });
});

/** Puts a database aside as it is, closing it; what it gives puts it back, byte for byte where it is files. */
async function setAside(database: TestDatabase, store: Store): Promise<(later: Store) => Promise<void>> {
  const { folder } = database.where;
  const last = (await auditRows(store)).length;
  await store.close();
  if (folder !== undefined) {
    cpSync(folder, `${folder}-aside`, { recursive: true });
    onTestFinished(() => rmSync(`${folder}-aside`, { recursive: true, force: true }));
  }
  return async (later) => {
    if (folder === undefined) {
      await later.db.deleteFrom('audit').where('sequence', '>', last).execute();
      await later.db.deleteFrom('audit_heads').where('sequence', '>', last).execute();
    }
    await later.close();
    if (folder === undefined) return;
    rmSync(folder, { recursive: true });
    cpSync(`${folder}-aside`, folder, { recursive: true });
  };
}

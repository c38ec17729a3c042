import { readFileSync, statSync } from 'node:fs';
import { ManualClock } from '@backplane/testing';
import fc from 'fast-check';
import type { LogEvent } from 'kysely';
import { expect, it } from 'vitest';
import { auditRows, entry, record, useAuditPlace } from '../testing/audit-place.ts';
import { describeOnBoth } from '../testing/use-databases.ts';

describeOnBoth('the audit trail', (fresh) => {
  it('binds each row to the one before, and anchors the last one outside when it is closed', async () => {
    const place = useAuditPlace();
    const store = await (await fresh()).open();
    const clock = new ManualClock();
    const trail = await place.open(store, { clock });
    expect(await trail.head()).toEqual({ sequence: 0, hash: '0'.repeat(64), anchored: 0 });
    const first = await trail.record(entry('orders', { before: undefined, after: { enabled: true } }));
    const second = await trail.record(entry('orders', { before: { enabled: true }, after: null }));
    expect([first.sequence, second.sequence]).toEqual([1, 2]);
    expect(await auditRows(store)).toEqual([
      expect.objectContaining({
        sequence: 1,
        time: clock.now(),
        before: null,
        after: '{"enabled":true}',
        hash: first.hash,
      }),
      expect.objectContaining({
        before: '{"enabled":true}',
        after: 'null',
        previous_hash: first.hash,
        hash: second.hash,
      }),
    ]);
    expect(await trail.head()).toEqual({ ...second, anchored: 0 });
    await trail.close();
    const [anchor, ...more] = readFileSync(place.anchorFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(more).toEqual([]);
    expect(anchor).toMatchObject({ node: 'one', ...second, key_id: trail.key.keyId });
    expect(await store.db.selectFrom('audit_heads').selectAll().execute()).toEqual([anchor]);
    expect(await place.verify(store)).toEqual({
      ok: true,
      node: 'one',
      rows: 2,
      last: second,
      heads: 1,
      anchored: 2,
      uncovered: 0,
      tornLines: [],
      problems: [],
      more: 0,
    });
    expect(statSync(place.anchorFile).mode & 0o777).toBe(0o600);
    await expect(trail.record(entry('late'))).rejects.toMatchObject({ code: 'BP_AUDIT_REFUSED' });
    await store.close();
  });

  it('gives back every text as it was hashed, and keeps what the redactor lets pass', async () => {
    const place = useAuditPlace();
    const store = await (await fresh()).open();
    const redact = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll('canary', 'gone'));
    const trail = await place.open(store, { redact });
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.jsonValue(), async (text, value) => {
        await trail.record({ actor: text, origin: text, action: text, target: text, before: value, after: [value] });
      }),
      { numRuns: 50 },
    );
    const odd = 'half \ud800, nothing \0, much '.padEnd(2_000, 'x');
    await trail.record({ actor: odd, origin: odd, action: odd, target: odd, before: odd, after: 'x'.repeat(300_000) });
    await trail.record(entry('secret', { before: { password: 'canary' }, after: 'the canary' }));
    await trail.close();
    const rows = await auditRows(store);
    expect(JSON.stringify(rows)).not.toContain('canary');
    expect(rows.at(-2)?.after).toMatch(/^\{"omitted":300002,"sha256":"[0-9a-f]{64}"\}$/);
    expect(await place.verify(store)).toMatchObject({ ok: true, rows: 52 });
    await store.close();
  });

  it('writes rows that are recorded at once in one transaction', async () => {
    const place = useAuditPlace();
    const made: string[] = [];
    const log = ({ query }: LogEvent) => void made.push(query.sql);
    const store = await (await fresh()).open({ log });
    const trail = await place.open(store);
    made.length = 0;
    const heads = await Promise.all(Array.from({ length: 200 }, (_, n) => trail.record(entry(`p${n}`))));
    expect(heads.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
    expect((await auditRows(store)).map(({ target }) => target)).toEqual(
      Array.from({ length: 200 }, (_, n) => `p${n}`),
    );
    expect(made.filter((text) => /^insert into "audit" /.test(text)).length).toBeLessThan(12);
    await trail.close();
    await store.close();
  });

  it('lets a change and its row be one, beside rows that others record', async () => {
    const place = useAuditPlace();
    const store = await (await fresh()).open();
    const trail = await place.open(store);
    const change = (key: string, fails: boolean) =>
      store.db.transaction().execute(async (own) => {
        const row = { key, request_digest: '', status: null, body: null, created_at: 1 };
        await own.insertInto('idempotency_keys').values(row).execute();
        await trail.recordIn(own, entry(key));
        if (fails) throw new Error('No.');
      });
    const work = Array.from({ length: 40 }, (_, n) =>
      n % 2 === 0 ? trail.record(entry(`row-${n}`)) : change(`change-${n}`, n % 4 === 1),
    );
    const settled = await Promise.allSettled(work);
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(10);
    const changed = await store.db.selectFrom('idempotency_keys').select('key').execute();
    const audited = (await auditRows(store)).map(({ target }) => target);
    expect(audited).toHaveLength(30);
    expect(audited.filter((target) => target.startsWith('change')).sort()).toEqual(
      changed.map(({ key }) => key).sort(),
    );
    await trail.close();
    expect(await place.verify(store)).toMatchObject({ ok: true, rows: 30, anchored: 30 });
    await store.close();
  });

  it('signs a head after so many rows, or so long after the first, and not for each row', async () => {
    const place = useAuditPlace();
    const clock = new ManualClock();
    const store = await (await fresh()).open();
    const trail = await place.open(store, { clock, signEveryRows: 10, signEveryMs: 1_000 });
    const anchored = async () => (await trail.head()).anchored;
    await record(trail, 9);
    await clock.advance(999);
    expect(await anchored()).toBe(0);
    await clock.advance(1);
    await expect.poll(anchored).toBe(9);
    await record(trail, 10, 10);
    await expect.poll(anchored).toBe(19);
    await trail.close();
    expect(await place.verify(store)).toMatchObject({ ok: true, heads: 2, anchored: 19 });
    expect(clock.waiting).toBe(0);
    await store.close();
  });

  it('anchors a row of a transaction when it has ended, and never before', async () => {
    const place = useAuditPlace();
    const clock = new ManualClock();
    const store = await (await fresh()).open();
    const trail = await place.open(store, { clock, signEveryRows: 1, signEveryMs: 1_000 });
    const ended = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const change = store.db.transaction().execute(async (own) => {
      await trail.recordIn(own, entry('slow'));
      begun.resolve();
      await ended.promise;
    });
    await begun.promise;
    await clock.advance(1_500);
    expect(readFileSync(place.anchorFile, 'utf8')).toBe('');
    ended.resolve();
    await change;
    await clock.advance(1_500);
    await expect.poll(async () => (await trail.head()).anchored).toBe(1);
    await trail.close();
    await store.close();
  });

  it('keeps a chain for each node of a shared database', async () => {
    const [here, there] = [useAuditPlace(), useAuditPlace()];
    const store = await (await fresh()).open();
    const one = await here.open(store);
    const two = await there.open(store, { node: 'two' });
    await Promise.all([record(one, 20), record(two, 30)]);
    await Promise.all([one.close(), two.close()]);
    expect(await here.verify(store)).toMatchObject({ ok: true, rows: 20, anchored: 20 });
    expect(await there.verify(store, 'two')).toMatchObject({ ok: true, rows: 30, anchored: 30 });
    await store.close();
  });

  it('reports once that it cannot anchor, keeps recording, and anchors when it can again', async () => {
    const place = useAuditPlace();
    const clock = new ManualClock();
    const store = await (await fresh()).open();
    const signer = place.signer();
    const state = { failing: true };
    const failing: typeof signer = {
      ensure: (...given) => signer.ensure(...given),
      get: (...given) => signer.get(...given),
      verify: (...given) => signer.verify(...given),
      sign: (...given) => (state.failing ? Promise.reject(new Error('The key is away.')) : signer.sign(...given)),
    };
    const trail = await place.open(store, { clock, signer: failing, signEveryMs: 1_000 });
    for (let n = 1; n <= 3; n++) {
      await record(trail, 1, n);
      await clock.advance(1_000);
    }
    await expect.poll(() => place.reported.map(({ code }) => code)).toEqual(['BP_AUDIT_NOT_ANCHORED']);
    expect((await trail.head()).sequence).toBe(3);
    state.failing = false;
    await clock.advance(1_000);
    await expect.poll(async () => (await trail.head()).anchored).toBe(3);
    await trail.close();
    await store.close();
  });

  it('refuses rows of a database that does not answer, and records again when it does', async () => {
    const place = useAuditPlace();
    const clock = new ManualClock();
    const store = await (await fresh()).open();
    const trail = await place.open(store, { clock, limitMs: 5_000 });
    await record(trail, 1);
    const release = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    // Whoever holds the chain holds up everybody else.
    const blocking = store.db.transaction().execute(async (own) => {
      await trail.recordIn(own, entry('slow'));
      begun.resolve();
      await release.promise;
    });
    await begun.promise;
    const waiting = Array.from({ length: 600 }, (_, n) => trail.record(entry(`waiting-${n}`)));
    const outcomes = Promise.allSettled(waiting);
    await clock.advance(5_000);
    expect(new Set((await outcomes).map((one) => (one as PromiseRejectedResult).reason.code))).toEqual(
      new Set(['BP_AUDIT_REFUSED']),
    );
    await expect(trail.record(entry('more'))).rejects.toMatchObject({ code: 'BP_AUDIT_REFUSED' });
    release.resolve();
    await blocking;
    await expect
      .poll(() =>
        trail.record(entry('again')).then(
          () => 'recorded',
          () => 'refused',
        ),
      )
      .toBe('recorded');
    await trail.close();
    expect(await place.verify(store)).toMatchObject({ ok: true });
    await store.close();
  });

  it('never hears of more rows than there is room for', async () => {
    const place = useAuditPlace();
    const store = await (await fresh()).open();
    const trail = await place.open(store);
    const all = await Promise.allSettled(Array.from({ length: 10_100 }, (_, n) => trail.record(entry(`p${n}`))));
    expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(100);
    await trail.close();
    expect(await place.verify(store)).toMatchObject({ ok: true, rows: 10_000 });
    await store.close();
  });
});

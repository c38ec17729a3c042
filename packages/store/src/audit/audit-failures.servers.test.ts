import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '@backplane/testing/postgres-server';
import { expect, it, onTestFinished } from 'vitest';
import { openEmbeddedStore } from '../open-embedded-store.ts';
import { openPostgresStore } from '../open-postgres-store.ts';
import { type AuditPlace, auditRows, entry, record, useAuditPlace } from '../testing/audit-place.ts';
import { describeOnBoth, type TestDatabase } from '../testing/use-databases.ts';

interface Told {
  readonly kind: string;
  readonly id: string;
  readonly sequence: number;
}

/** Records rows in a process of its own until it has said so often that one is on the disk, kills it, and gives what it said. */
async function recordAndDie({ where }: TestDatabase, place: AuditPlace, run: number, after: number) {
  const fixture = fileURLToPath(new URL('../testing/killed-auditor.fixture.ts', import.meta.url));
  const given = JSON.stringify({ where, directory: join(place.folder, 'keys'), anchorFile: place.anchorFile });
  const args = ['--conditions=backplane-source', '--disable-warning=ExperimentalWarning', fixture, given, `run${run}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complained = '';
  child.stdout.on('data', (text) => {
    said += text;
    if (said.split('\n').length > after) child.kill('SIGKILL');
  });
  child.stderr.on('data', (text) => {
    complained += text;
  });
  const [, signal] = await once(child, 'close');
  expect({ signal, complained: complained.replaceAll('BP_AUDIT_ANCHOR_TORN\n', '') }).toEqual({
    signal: 'SIGKILL',
    complained: '',
  });
  const lines = said.split('\n').slice(0, -1);
  return lines.map((line): Told => {
    const [kind = '', id = '', sequence] = line.split(' ');
    return { kind, id, sequence: Number(sequence) };
  });
}

describeOnBoth('an audit trail whose host is killed', (fresh) => {
  it('has every row that was acknowledged, each change with its row, and one chain', async () => {
    const place = useAuditPlace();
    const database = await fresh();
    await (await database.open()).close();
    const told: Told[] = [];
    for (let run = 0; run < 12; run++) {
      told.push(...(await recordAndDie(database, place, run, 1 + run * 17)));
      const store = await database.open();
      // The next process makes sure of the key; here it is only read.
      const trail = await place.open(store, { node: 'reader', anchorFile: join(place.folder, 'reader.anchors') });
      await trail.close();
      const report = await place.verify(store);
      expect(report.problems).toEqual([]);
      expect(report.anchored).toBeLessThanOrEqual(report.rows);
      const rows = await auditRows(store);
      const targets = new Map(rows.map(({ sequence, target }) => [sequence, target]));
      for (const { id, sequence } of told) expect(targets.get(sequence)).toBe(id);
      const changed = await store.db.selectFrom('idempotency_keys').select('key').orderBy('key').execute();
      const audited = rows.map(({ target }) => target).filter((target) => target.includes('change'));
      expect(audited.sort()).toEqual(changed.map(({ key }) => key).sort());
      await store.close();
    }
    expect(told.some(({ kind }) => kind === 'row') && told.some(({ kind }) => kind === 'change')).toBe(true);
  });
});

it('refuses rows while PostgreSQL is away', async () => {
  const place = useAuditPlace();
  const server = await startPostgres();
  const store = await openPostgresStore({ url: await server.database() });
  const trail = await place.open(store, { signEveryMs: 3_600_000 });
  await record(trail, 3);
  await server[Symbol.asyncDispose]();
  const error = await trail.record(entry('p4')).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'BP_AUDIT_REFUSED', status: 503, cause: expect.any(Error) });
  await trail.close();
  expect(place.reported.map(({ code }) => code)).toEqual(['BP_AUDIT_NOT_ANCHORED']);
  await store.close();
});

it('does not let two processes that share a node by mistake fork its chain', async () => {
  const place = useAuditPlace();
  await using server = await startPostgres();
  const url = await server.database();
  const stores = await Promise.all([openPostgresStore({ url }), openPostgresStore({ url })]);
  const trails = await Promise.all(stores.map((store) => place.open(store)));
  await Promise.all(trails.map((trail) => record(trail, 100)));
  for (const trail of trails) await trail.close();
  for (const store of stores) {
    expect(await place.verify(store)).toMatchObject({ ok: true, rows: 200, anchored: 200 });
    await store.close();
  }
});

it('refuses rows while the disk is full, has those that it acknowledged, and goes on when there is room', async ({
  skip,
}) => {
  const place = useAuditPlace();
  const folder = mkdtempSync(join(tmpdir(), 'backplane-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]).status !== 0)
    skip('Only root may mount a small disk.');
  try {
    const store = await openEmbeddedStore({ folder, key: randomBytes(32).toString('hex') });
    const trail = await place.open(store);
    const ballast = join(folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(1_000_000));
    let kept = 0;
    const fill = async () => {
      for (; kept < 10_000; kept++) await trail.record(entry('p', { after: 'x'.repeat(5_000) }));
    };
    await expect(fill()).rejects.toMatchObject({ code: 'BP_AUDIT_REFUSED', cause: { code: 'BP_STORE_FULL' } });
    expect(kept).toBeGreaterThan(5);
    rmSync(ballast);
    await record(trail, 1);
    await trail.close();
    expect(await place.verify(store)).toMatchObject({ ok: true, rows: kept + 1, anchored: kept + 1 });
    await store.close();
  } finally {
    spawnSync('umount', ['-l', folder]);
  }
});

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DatabaseProvider } from '@backplane/ports';
import { expect, it } from 'vitest';
import { embeddedPlace, openIn } from '../testing/use-plugin-databases.ts';
import { createDatabaseService } from './database-service.ts';

const ENDLESS = 'with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c';
const service = (provider: DatabaseProvider, plugin = 'shop') => createDatabaseService(provider.database(plugin));

it('opens nothing before the first use', async () => {
  const place = embeddedPlace();
  service(openIn(place));
  expect(readdirSync(place.folder)).toEqual([]);
});

it('holds nothing that can be read without its key', async () => {
  const place = embeddedPlace();
  const provider = openIn(place);
  const db = service(provider);
  await db.execute('create table t (id integer primary key, a text)');
  await db.insert('t', { a: 'canary-in-the-coal-mine' });
  const raw = () => readdirSync(place.folder).map((name) => readFileSync(join(place.folder, name), 'latin1'));
  for (const bytes of raw()) expect(bytes).not.toContain('canary');
  await provider.close();
  for (const bytes of raw()) expect(bytes).not.toContain('canary');
  expect(statSync(join(place.folder, 'shop.db')).mode & 0o777).toBe(0o600);
  expect(statSync(join(place.folder, 'shop.db-wal'), { throwIfNoEntry: false })?.size ?? 0).toBe(0);
  const other = service(openIn({ folder: place.folder, key: 'ab'.repeat(32) }));
  await expect(other.query('select * from t')).rejects.toMatchObject({ code: 'BP_STORE_UNREADABLE' });
});

it('ends a statement that takes too long, and makes those that wait for it, each once', async () => {
  const provider = openIn(embeddedPlace(), { statementMs: 700 });
  const [slow, fast] = [service(provider, 'slow'), service(provider, 'fast')];
  await fast.execute('create table t (id integer primary key, a text)');
  await slow.execute('create table t (id integer primary key, a text)');
  const ended = expect(slow.query(ENDLESS)).rejects.toMatchObject({
    code: 'BP_DATABASE_TIMEOUT',
    details: { plugin: 'slow', limitMs: 700 },
  });
  const before = fast.insert('t', { a: 'waits' });
  const others = Promise.all(Array.from({ length: 50 }, (_, n) => fast.insert('t', { a: `n${n}` })));
  await ended;
  await before;
  await others;
  expect(await fast.queryOne('select count(*) as n from t')).toEqual({ n: 51 });
  expect(await slow.queryOne('select count(*) as n from t')).toEqual({ n: 0 });
});

it('has a plugin that held others up wait with its like from then on, and nobody else for it', async () => {
  const provider = openIn(embeddedPlace(), { statementMs: 1500 });
  const [slow, fast] = [service(provider, 'slow'), service(provider, 'fast')];
  await Promise.all([slow, fast].map((db) => db.execute('create table t (id integer primary key, a text)')));
  await slow.insert('t', { a: 'before' });
  const timeout = { code: 'BP_DATABASE_TIMEOUT' };
  await expect(slow.query(ENDLESS)).rejects.toMatchObject(timeout);
  expect(await slow.query('select a from t')).toEqual([{ a: 'before' }]);
  let over = false;
  const again = expect(slow.query(ENDLESS)).rejects.toMatchObject(timeout);
  void again.finally(() => {
    over = true;
  });
  for (let n = 0; n < 20; n++) await fast.insert('t', { a: `${n}` });
  expect(over).toBe(false);
  await again;
  await slow.insert('t', { a: 'after' });
  expect(await slow.query('select a from t order by id')).toEqual([{ a: 'before' }, { a: 'after' }]);
});

it('survives what the driver does not: the statement fails, others go on', async () => {
  const provider = openIn(embeddedPlace());
  const [bad, good] = [service(provider, 'bad'), service(provider, 'good')];
  await good.execute('create table t (id integer primary key, a text)');
  // The driver panics over text that is no text.
  const lost = expect(bad.query("select cast(x'ff61' as text)")).rejects.toMatchObject({ code: 'BP_DATABASE_LOST' });
  const id = good.insert('t', { a: 'b' });
  await lost;
  expect(await id).toBe(1);
  expect(await good.query('select * from t')).toEqual([{ id: 1, a: 'b' }]);
});

it('tells a transaction that its database went away, and writes nothing of it', async () => {
  const provider = openIn(embeddedPlace(), { statementMs: 500 });
  const [slow, fast] = [service(provider, 'slow'), service(provider, 'fast')];
  await fast.execute('create table t (id integer primary key)');
  const failed = fast.transaction(async (tx) => {
    await tx.insert('t', {});
    await slow.query(ENDLESS).catch(() => {});
    await tx.insert('t', {});
  });
  await expect(failed).rejects.toMatchObject({ code: 'BP_DATABASE_TRANSACTION_ENDED' });
  expect(await fast.query('select * from t')).toEqual([]);
  await fast.transaction((tx) => tx.insert('t', {}));
  expect(await fast.query('select * from t')).toHaveLength(1);
});

it('rolls a transaction back that takes too long, and lets the next one in', async () => {
  const db = service(openIn(embeddedPlace(), { transactionMs: 300 }));
  await db.execute('create table t (id integer primary key)');
  const { promise, resolve } = Promise.withResolvers<void>();
  const stuck = db.transaction(async (tx) => {
    await tx.insert('t', {});
    await promise;
    await tx.insert('t', {});
  });
  const next = db.transaction((tx) => tx.insert('t', { id: 7 }));
  expect(await next).toBe(7);
  resolve();
  await expect(stuck).rejects.toMatchObject({
    code: 'BP_DATABASE_TRANSACTION_ENDED',
    message: expect.stringContaining('300 ms'),
  });
  expect(await db.query('select id from t')).toEqual([{ id: 7 }]);
});

it('says why a write waits for ever that goes past its own transaction', async () => {
  const db = service(openIn(embeddedPlace(), { transactionMs: 300 }));
  await db.execute('create table t (id integer primary key)');
  const past = db.transaction(async () => {
    await db.insert('t', {});
  });
  await expect(past).rejects.toMatchObject({ code: expect.stringMatching(/^BP_DATABASE_(WAITED|TRANSACTION_ENDED)$/) });
});

it('bounds rows, bytes and memory', async () => {
  const db = service(openIn(embeddedPlace(), { maxRows: 100, maxBytes: 100_000, maxMemory: 64 * 2 ** 20 }));
  const tooLarge = { code: 'BP_DATABASE_TOO_LARGE' };
  const series = 'select value from generate_series(1, $1)';
  expect(await db.query(series, 100)).toHaveLength(100);
  await expect(db.query(series, 101)).rejects.toMatchObject(tooLarge);
  await expect(
    db.query("select replace(hex(zeroblob($1)), '0', 'abc') as a from generate_series(1, 90)", 1000),
  ).rejects.toMatchObject(tooLarge);
  await expect(db.query('select length(randomblob(200000000)) as n')).rejects.toMatchObject(tooLarge);
  expect(await db.query(series, 3)).toHaveLength(3);
});

it('reaches no file but its own, whatever a plugin tries', async () => {
  const place = embeddedPlace();
  const provider = openIn(place);
  const [thief, victim] = [service(provider, 'thief'), service(provider, 'victim')];
  await victim.execute('create table secret (a text)');
  await victim.insert('secret', { a: 'treasure' });
  const stolen = join(place.folder, 'stolen.db');
  for (const sql of [
    `attach '${join(place.folder, 'victim.db')}' as v key '${place.key}'`,
    `vacuum into '${stolen}'`,
    `select writefile('${stolen}', 'x')`,
    `select readfile('${join(place.folder, 'victim.db')}')`,
    `select * from fsdir('${place.folder}')`,
    `pragma temp_store_directory = '${place.folder}'`,
    'select * from secret',
  ])
    await expect(thief.query(sql), sql).rejects.toMatchObject({ code: expect.stringMatching(/SQL_REFUSED|FAILED/) });
  expect(existsSync(stolen)).toBe(false);
});

it('says that the disk is full, and works on when there is room', async ({ skip }) => {
  const place = embeddedPlace();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place.folder]).status !== 0)
    skip('Only root may mount a small disk.');
  try {
    const provider = openIn(place);
    const db = service(provider);
    await db.execute('create table t (a text)');
    const ballast = join(place.folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(300_000));
    let kept = 0;
    const fill = async () => {
      for (;;) {
        await db.insert('t', { a: 'x'.repeat(3000) });
        kept++;
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: 'BP_STORE_FULL', status: 507 });
    expect(kept).toBeGreaterThan(5);
    rmSync(ballast);
    await db.insert('t', { a: 'again' });
    expect(await db.queryOne('select count(*) as n from t')).toEqual({ n: kept + 1 });
    await provider.close();
  } finally {
    spawnSync('umount', ['-l', place.folder]);
  }
});

it('keeps many files, more than are open at once, and their transactions', async () => {
  const provider = openIn(embeddedPlace());
  const all = Array.from({ length: 80 }, (_, n) => service(provider, `p${n}`));
  await Promise.all(all.map((db) => db.execute('create table t (id integer primary key, a text)')));
  await (all[0] as (typeof all)[0]).transaction(async (tx) => {
    await tx.insert('t', { a: 'kept' });
    await Promise.all(all.slice(1).map((db, n) => db.insert('t', { a: `${n}` })));
  });
  const found = await Promise.all(all.map((db) => db.queryOne<{ a: string }>('select a from t')));
  expect(found.map((row) => row?.a)).toEqual(['kept', ...Array.from({ length: 79 }, (_, n) => `${n}`)]);
}, 60_000);

it('writes what it acknowledges once, and nothing twice, whenever its process is killed', async () => {
  const provider = openIn(embeddedPlace());
  const plugins = ['a', 'b', 'c'].map((name) => service(provider, name));
  for (const db of plugins) await db.execute('create table t (n integer not null)');
  const kept: number[][] = [[], [], []];
  const unknown: number[][] = [[], [], []];
  const write = async (of: number, n: number) => {
    const db = plugins[of] as (typeof plugins)[0];
    try {
      if (n % 3 > 0) await db.execute('insert into t values ($1)', n);
      else await db.transaction((tx) => tx.execute('insert into t values ($1)', n));
      kept[of]?.push(n);
    } catch (error) {
      const { code } = error as { readonly code: string };
      expect(code).toMatch(/^BP_DATABASE_(?:LOST|TRANSACTION_ENDED)$/);
      if (code === 'BP_DATABASE_LOST') unknown[of]?.push(n);
    }
  };
  for (let round = 0; round < 12; round++) {
    const writes = plugins.flatMap((_, of) => Array.from({ length: 40 }, (_, n) => write(of, round * 40 + n)));
    await new Promise((resolve) => setTimeout(resolve, 3 * round));
    for (const pid of ownChildren()) process.kill(pid, 'SIGKILL');
    await Promise.all(writes);
  }
  for (const [of, db] of plugins.entries()) {
    const rows = (await db.query<{ n: number }>('select n from t order by n')).map(({ n }) => n);
    expect(new Set(rows).size).toBe(rows.length);
    const acknowledged = kept[of] ?? [];
    expect(rows).toEqual(expect.arrayContaining(acknowledged));
    for (const n of rows) expect(acknowledged.includes(n) || unknown[of]?.includes(n)).toBe(true);
    // At most one statement was under way at each kill.
    expect(unknown.flat().length).toBeLessThanOrEqual(12);
  }
}, 60_000);

it('leaves no process behind whose host was killed in the middle of an endless query', async () => {
  const { folder, key } = embeddedPlace();
  const fixture = fileURLToPath(new URL('../testing/endless-query.fixture.ts', import.meta.url));
  const host = spawn(process.execPath, [...process.execArgv, fixture, folder, key], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(host.stdout, 'data')) as [Buffer];
  const pid = Number(String(said));
  expect(isRunning(pid)).toBe(true);
  host.kill('SIGKILL');
  await once(host, 'exit');
  await expect.poll(() => isRunning(pid), { timeout: 5000 }).toBe(false);
});

it('refuses what comes after the end, and loses nothing before it', async () => {
  const place = embeddedPlace();
  const provider = openIn(place);
  const db = service(provider);
  await db.execute('create table t (id integer primary key)');
  const writes = Promise.all(Array.from({ length: 20 }, () => db.execute('insert into t default values')));
  await Promise.all([writes, provider.close()]);
  await expect(db.query('select 1')).rejects.toMatchObject({ code: 'BP_DATABASE_CLOSED' });
  expect(await service(openIn(place)).query('select * from t')).toHaveLength(20);
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Processes that this one has started. */
function ownChildren(): readonly number[] {
  const text = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim();
  return text === ''
    ? []
    : text
        .split(' ')
        .map(Number)
        .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('database-process-entry'));
}

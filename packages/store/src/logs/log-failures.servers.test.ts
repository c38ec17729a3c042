import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BackplaneError } from '@backplane/base';
import { ManualClock } from '@backplane/testing';
import { startPostgres } from '@backplane/testing/postgres-server';
import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import { openEmbeddedStore } from '../open-embedded-store.ts';
import { openPostgresStore } from '../open-postgres-store.ts';
import type { Store } from '../store.ts';
import { describeOnBoth, type TestDatabase } from '../testing/use-databases.ts';
import { createLogStore } from './create-log-store.ts';

const line = (message: string, text = '') => ({
  time: 1_000,
  level: 'info' as const,
  namespace: 'plugins.orders',
  message,
  fields: { text },
  traceId: undefined,
});

function open(store: Store, room: number) {
  const clock = new ManualClock();
  const reported: BackplaneError[] = [];
  const logs = createLogStore({ store, clock, room, report: (problem) => reported.push(problem) });
  return { clock, logs, codes: () => reported.map(({ code }) => code) };
}

/** What others write is on the disk when it is acknowledged. */
async function waitsForDisk({ db }: Store): Promise<boolean> {
  const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(db);
  return rows[0]?.synchronous === 2;
}

/** Logs in a process of its own until it has said so often that lines are in the database, kills it, and gives the last it said of. */
async function logAndDie({ where }: TestDatabase, run: number, after: number): Promise<number> {
  const fixture = fileURLToPath(new URL('../testing/killed-logger.fixture.ts', import.meta.url));
  const args = ['--conditions=backplane-source', '--disable-warning=ExperimentalWarning', fixture];
  const child = spawn(process.execPath, [...args, JSON.stringify({ where, run })], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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
  expect({ signal, complained }).toEqual({ signal: 'SIGKILL', complained: '' });
  return Number(said.split('\n').at(-2));
}

describeOnBoth('a log whose host is killed', (fresh) => {
  it('has every line that was written, each once, and in order', async () => {
    const database = await fresh();
    await (await database.open()).close();
    for (let run = 0; run < 5; run++) {
      const last = await logAndDie(database, run, 1 + run * 13);
      const store = await database.open();
      const rows = await store.db.selectFrom('plugin_logs').select('message').orderBy('id').execute();
      await store.close();
      const found = rows.map(({ message }) => message).filter((message) => message.startsWith(`${run}-`));
      expect(found.length).toBeGreaterThanOrEqual(last);
      expect(found).toEqual(Array.from({ length: found.length }, (_, n) => `${run}-${n + 1}`));
    }
  });
});

it('lets lines wait while PostgreSQL is away, and ends in order without it', async () => {
  const server = await startPostgres();
  const store = await openPostgresStore({ url: await server.database() });
  const { logs, codes } = open(store, 10);
  logs.sink(line('before'));
  await logs.flush();
  await server[Symbol.asyncDispose]();
  for (let n = 0; n < 15; n++) logs.sink(line(`${n}`));
  await logs.flush();
  expect([logs.waiting, logs.dropped, codes()]).toEqual([10, 5, ['BP_LOGS_NOT_WRITTEN']]);
  await expect(logs.query()).rejects.toThrow();
  await logs.close();
  expect([logs.dropped, codes().at(-1)]).toEqual([15, 'BP_LOGS_DROPPED']);
  await store.close();
});

it('lets lines wait while the disk is full, and writes them when there is room', async ({ skip }) => {
  const folder = mkdtempSync(join(tmpdir(), 'backplane-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]).status !== 0)
    skip('Only root may mount a small disk.');
  try {
    const store = await openEmbeddedStore({ folder, key: randomBytes(32).toString('hex') });
    const { logs, codes } = open(store, 1_000);
    const ballast = join(folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(1_000_000));
    let logged = 0;
    for (; codes().length === 0; logged++) {
      logs.sink(line(`${logged}`, 'x'.repeat(5_000)));
      await logs.flush();
    }
    expect(codes()).toEqual(['BP_LOGS_NOT_WRITTEN']);
    expect(await waitsForDisk(store)).toBe(true);
    expect(logged).toBeGreaterThan(5);
    rmSync(ballast);
    await logs.flush();
    const { lines } = await logs.query({ limit: 1_000 });
    expect(lines.map(({ message }) => Number(message)).reverse()).toEqual(Array.from({ length: logged }, (_, n) => n));
    expect(logs.dropped).toBe(0);
    expect(await waitsForDisk(store)).toBe(true);
    await logs.close();
    await store.close();
  } finally {
    spawnSync('umount', ['-l', folder]);
  }
});

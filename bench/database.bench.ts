/**
 * A plugin's database beside the driver's own prepared statements in a process of its own, behind the bare channel.
 * CPU of both processes; what is read also by a builder that builds every query anew, and by the driver on this thread, without any way there.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseService } from '@backplane/plugin-api';
import { openEmbeddedPluginDatabases } from '@backplane/store';
import { createDatabaseService } from '@backplane/store/database-service';
import type { Generated } from 'kysely';
import Database from 'libsql';
import { defineBenchmark, type Harness } from './harness.ts';
import { inRounds } from './rounds.ts';
import { median } from './statistics.ts';

interface Tables {
  keys: { id: Generated<number>; subject: string; key: string };
}

const ROUNDS = 9;
const ROWS = 1000;
const TABLE = 'create table keys (id integer primary key, subject text not null, key text not null)';
const SELECT = 'select * from keys where id = $1';
const INSERT = 'insert into keys (subject, key) values ($1, $2) returning id';
const STATEMENTS = [SELECT, INSERT, 'begin immediate', 'commit'];
const ticksPerSecond = 100;

type Operation = (n: number) => Promise<unknown>;
type Operations = Readonly<Record<'read' | 'insert' | 'transaction', Operation>>;

interface Contender {
  readonly pid: number;
  readonly operations: Operations;
  end(): Promise<void>;
}

async function driverInProcess(folder: string, key: string): Promise<Contender> {
  const path = join(folder, 'raw.db');
  const made = new Database(path, { encryptionCipher: 'aes256cbc', encryptionKey: key } as never);
  made.exec(TABLE);
  made.close();
  const child: ChildProcess = fork(
    new URL('./database.child.ts', import.meta.url),
    [path, key, JSON.stringify(STATEMENTS)],
    {
      serialization: 'advanced',
    },
  );
  await once(child, 'message');
  const waiting: ((value: unknown) => void)[] = [];
  child.on('message', (message) => waiting.shift()?.(message));
  const ask = (index: number, params: readonly unknown[]) =>
    new Promise<unknown>((resolve) => {
      waiting.push(resolve);
      child.send([index, params]);
    });
  const insert: Operation = (n) => ask(1, [`subject ${n}`, 'x'.repeat(40)]);
  return {
    pid: child.pid ?? 0,
    operations: {
      read: (n) => ask(0, [1 + (n % ROWS)]),
      insert,
      async transaction(n) {
        await ask(2, []);
        for (let i = 0; i < 3; i++) await insert(n);
        await ask(3, []);
      },
    },
    async end() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

async function ourDatabase(folder: string, key: string) {
  const provider = openEmbeddedPluginDatabases({ folder: join(folder, 'plugins'), keyOf: async () => key });
  const db: DatabaseService<Tables> = createDatabaseService(provider.database('bench')).typed<Tables>();
  await db.execute(TABLE);
  const insert: Operation = (n) => db.insert('keys', { subject: `subject ${n}`, key: 'x'.repeat(40) });
  const byId = db.prepare((builder, { id }: { id: number }) =>
    builder.selectFrom('keys').selectAll().where('id', '=', id),
  );
  const contender: Contender = {
    pid: await databaseProcess(),
    operations: {
      read: (n) => db.query_one(SELECT, 1 + (n % ROWS)),
      insert,
      transaction: (n) =>
        db.transaction(async (tx) => {
          for (let i = 0; i < 3; i++) await tx.insert('keys', { subject: `subject ${n}`, key: 'x'.repeat(40) });
        }),
    },
    end: () => provider.close(),
  };
  return {
    contender,
    prepared: (n: number) => byId.one({ id: 1 + (n % ROWS) }),
    rebuilt: (n: number) =>
      db.builder
        .selectFrom('keys')
        .selectAll()
        .where('id', '=', 1 + (n % ROWS))
        .executeTakeFirst(),
  };
}

/** The one child of this process that has plugins' files open. */
async function databaseProcess(): Promise<number> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'latin1').catch(() => '');
    const stat = line.includes('database-process-entry') ? await readFile(`/proc/${name}/stat`, 'latin1') : '';
    if (Number(stat.split(') ')[1]?.split(' ')[1]) === process.pid) return Number(name);
  }
  throw new Error('There is no process of the database.');
}

/** User and system time of another process, in microseconds, in steps of 10,000. */
function cpuOf(pid: number): number {
  if (pid === 0) return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

async function run(operation: Operation, count: number, inFlight: number): Promise<void> {
  let next = 0;
  const caller = async () => {
    while (next < count) await operation(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}

interface Side {
  readonly pid: number;
  readonly operation: Operation;
}

/** Gives the median ratios of CPU and of the clock to the first side. */
async function compare(
  harness: Harness,
  title: string,
  sides: Readonly<Record<string, Side>>,
  count: number,
  inFlight: number,
) {
  const wall = new Map<string, number[]>();
  for (const [name, { operation }] of Object.entries(sides)) {
    wall.set(name, []);
    await run(operation, count, inFlight);
  }
  const baseline = Object.keys(sides)[0] as string;
  const rows = await inRounds(Object.keys(sides), baseline, ROUNDS, 'µs', async (name) => {
    const { pid, operation } = sides[name] as Side;
    const used = () => {
      const { user, system } = process.cpuUsage();
      return user + system + cpuOf(pid);
    };
    globalThis.gc?.();
    const [before, at] = [used(), performance.now()];
    await run(operation, count, inFlight);
    wall.get(name)?.push(((performance.now() - at) * 1000) / count);
    return (used() - before) / count;
  });
  harness.add(
    rows.map((row) => ({
      ...row,
      variant: `${title}, ${row.variant}`,
      notes: { 'wall µs': median(wall.get(row.variant) ?? []).toFixed(1) },
    })),
  );
  const base = wall.get(baseline) ?? [];
  return Object.fromEntries(
    rows.map(({ variant, ratio }) => {
      const clock = median((wall.get(variant) ?? []).map((value, round) => value / (base[round] ?? Number.NaN)));
      return [variant, { cpu: ratio.median, clock }];
    }),
  ) as Readonly<Record<string, { readonly cpu: number; readonly clock: number }>>;
}

export default defineBenchmark({
  name: 'database',
  description: 'a plugin’s database beside the driver’s prepared statements in a process of its own',
  async run(harness) {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
    const key = randomBytes(32).toString('hex');
    const raw = await driverInProcess(folder, key);
    const { contender: ours, prepared, rebuilt } = await ourDatabase(folder, key);
    const here = new Database(join(folder, 'raw.db'), { encryptionCipher: 'aes256cbc', encryptionKey: key } as never);
    try {
      for (const { operations } of [raw, ours]) await run(operations.insert, ROWS, 1);
      const statement = here.prepare(SELECT);
      const of = ({ pid, operations }: Contender, what: keyof Operations): Side => ({
        pid,
        operation: operations[what],
      });
      const pair = (what: keyof Operations) => ({ driver: of(raw, what), ours: of(ours, what) });
      const at = { pid: ours.pid };
      for (const inFlight of [1, 32]) {
        const read = await compare(
          harness,
          `read by key, ${inFlight} in flight`,
          {
            ...pair('read'),
            prepared: { ...at, operation: prepared },
            'built anew': { ...at, operation: rebuilt },
            'driver on this thread': { pid: 0, operation: async (n) => statement.get([1 + (n % ROWS)]) },
          },
          8000,
          inFlight,
        );
        for (const name of ['ours', 'prepared'])
          harness.promise({
            text: `read by key, ${name}, ${inFlight} in flight <= 1.3 x the driver`,
            limit: 1.3,
            measured: read[name]?.cpu ?? Number.NaN,
          });
      }
      const insert = await compare(harness, 'insert', pair('insert'), 1500, 1);
      harness.promise({ text: 'insert <= 1.3 x the driver', limit: 1.3, measured: insert.ours?.cpu ?? Number.NaN });
      const three = await compare(harness, 'transaction of 3', pair('transaction'), 1500, 1);
      harness.promise({
        text: 'transaction of 3 <= 1.3 x the driver',
        limit: 1.3,
        measured: three.ours?.cpu ?? Number.NaN,
      });
      return harness.report();
    } finally {
      here.close();
      await Promise.all([raw.end(), ours.end()]);
      await rm(folder, { recursive: true });
    }
  },
});

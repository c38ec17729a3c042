import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import { type PostgresServer, startPostgres } from '@backplane/testing/postgres-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from './testing/is-alive.ts';
import { writePlugins } from './testing/plugin-files.ts';

const MIGRATIONS = `[
  { name: 'records', up: {
    libsql: 'create table signature_records (id integer primary key, document_hash text not null unique, signature blob not null, algorithm text not null, timestamp text not null)',
    postgres: 'create table signature_records (id bigint generated always as identity primary key, document_hash text not null unique, signature bytea not null, algorithm text not null, timestamp timestamptz not null)',
  } },
  { name: 'anchors', up: {
    libsql: 'create table trust_anchors (id integer primary key, subject text not null unique, metadata text); create table public_keys (subject text primary key, key text not null)',
    postgres: 'create table trust_anchors (id bigint generated always as identity primary key, subject text not null unique, metadata text); create table public_keys (subject text primary key, key text not null)',
  } },
]`;

/** The statements that the references print, in a service and in routes. */
const trust = (version = '1.0.0', migrations = MIGRATIONS, initialize = '') => `
import { PluginBase, service, type Handover, type PluginMetadata } from '@backplane/plugin-api';
import { type Generated, sql } from 'kysely';
interface Tables {
  trust_anchors: { id: Generated<number>; subject: string; metadata: string | null };
  public_keys: { subject: string; key: string };
}
export default class Trust extends PluginBase {
  static override readonly metadata: PluginMetadata = { name: 'trust', version: '${version}' };
  static override readonly migrations = ${migrations};
  override async initialize() {
    ${initialize}
    const database = this.context.database.typed<Tables>();
    const byKey = database.prepare((db, { subject }: { subject: string }) => db.selectFrom('public_keys').select('key').where('subject', '=', subject));
    this.context.http.routes((app) => {
      app.post('/sign/:hash', async (request: any) => {
        const id = await this.context.database.insert('signature_records', {
          document_hash: request.params.hash, signature: Buffer.from('signed'), algorithm: 'RSA-SHA256', timestamp: new Date(1700000000000),
        });
        return { id, pid: process.pid };
      });
      app.get('/records', () => this.context.database.query('select document_hash, timestamp from signature_records order by id'));
      app.post('/anchors/:subject', async (request: any) => ({
        id: await this.context.database.transaction(async (async_session) => {
          const id = await async_session.insert('trust_anchors', { subject: request.params.subject, metadata: { source: 'test' } });
          if (request.params.subject === 'bad') throw new Error('not trusted');
          return id;
        }),
      }));
      app.get('/anchors', () => database.builder.selectFrom('trust_anchors').select(['subject', sql<number>\`length(metadata)\`.as('size')]).orderBy('id').execute());
      app.get('/keys/:subject', async (request: any) => {
        await this.context.database.execute('insert into public_keys (subject, key) values ($1, $2) on conflict do nothing', request.params.subject, 'k');
        const found = await this.context.database.query_one('SELECT * FROM public_keys WHERE subject = $1', request.params.subject);
        return { found, prepared: await byKey.one({ subject: request.params.subject }), none: (await this.context.database.queryOne('select 1 as n where $1 = $2', ['a', 'b'])) ?? null };
      });
      app.get('/attack', () => this.context.database.query("select readfile('/etc/passwd') as a").catch((error) => ({ code: error.code, status: error.status })));
      app.get('/neighbour', () => this.context.database.query('select * from secrets').catch((error) => ({ code: error.code })));
      app.get('/die', () => this.context.database.transaction(async (tx) => {
        await tx.insert('trust_anchors', { subject: 'half' });
        process.exit(3);
      }));
    });
  }
}
`;

const neighbour = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'neighbour',
  version: '1.0.0',
  migrations: [{ name: 'secrets', up: 'create table secrets (a text)' }],
  async initialize({ database }) {
    await database.insert('secrets', { a: 'treasure' });
  },
});
`;

const idle = `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({ name: 'idle', version: '1.0.0' });
`;

const get = async (test: TestHost, path: string, method = 'GET') =>
  (await fetch(`${test.url}${path}`, { method })).json();
const reload = async (test: TestHost) => {
  const answer = await fetch(`${test.url}/plugins/trust/reload`, { method: 'POST', headers: test.management });
  return (await answer.json()) as { outcome?: string; code?: string; detail?: string };
};

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

describe.each([
  ['inline', 'libSQL'],
  ['process', 'libSQL'],
  ['inline', 'PostgreSQL'],
  ['process', 'PostgreSQL'],
] as const)('the database of a plugin, %s, on %s', (level, kind) => {
  const boot = async (files: Record<string, string> = {}) =>
    createTestHost({
      isolation: { trust: level },
      ...(kind === 'PostgreSQL' && { databaseUrl: await server.database() }),
      prepare: (folder) =>
        writePlugins(folder, { 'plugins/trust.ts': trust(), 'plugins/neighbour.ts': neighbour, ...files }),
    });

  it('takes what the references print, and keeps others out', async () => {
    await using test = await boot();
    expect(await get(test, '/trust/sign/aa', 'POST')).toEqual({
      id: 1,
      pid: level === 'inline' ? process.pid : expect.any(Number),
    });
    expect(await get(test, '/trust/records')).toEqual([{ document_hash: 'aa', timestamp: '2023-11-14T22:13:20.000Z' }]);
    expect(await get(test, '/trust/sign/aa', 'POST')).toMatchObject({ status: 409, code: 'BP_DATABASE_CONSTRAINT' });
    expect(await get(test, '/trust/anchors/root', 'POST')).toEqual({ id: 1 });
    expect(await get(test, '/trust/anchors/bad', 'POST')).toMatchObject({ status: 500 });
    expect(await get(test, '/trust/anchors')).toEqual([{ subject: 'root', size: 17 }]);
    expect(await get(test, '/trust/keys/x')).toEqual({
      found: { subject: 'x', key: 'k' },
      prepared: { key: 'k' },
      none: null,
    });
    if (kind === 'libSQL')
      expect(await get(test, '/trust/attack')).toEqual({ code: 'BP_DATABASE_SQL_REFUSED', status: 400 });
    expect(await get(test, '/trust/neighbour')).toEqual({ code: 'BP_DATABASE_FAILED' });
  });

  it('is brought to the schema of a new version while the old one serves', async () => {
    await using test = await boot();
    await get(test, '/trust/anchors/root', 'POST');
    const notes = MIGRATIONS.replace(/\]$/, "{ name: 'notes', up: 'alter table trust_anchors add column note text' }]");
    const file = (text: string) => writePlugins(test.folder, { 'plugins/trust.ts': text });
    await file(
      trust(
        '1.1.0',
        notes,
        "await this.context.database.execute('update trust_anchors set note = $1', 'seen'); throw new Error('not yet');",
      ),
    );
    expect((await reload(test)).detail).toContain('not yet');
    // The migration stays, and the version before works on.
    expect(await get(test, '/trust/anchors/second', 'POST')).toEqual({ id: 2 });
    await file(trust('1.2.0', notes));
    expect(await reload(test)).toMatchObject({ outcome: 'applied' });
    await file(trust('1.0.0'));
    expect(await reload(test)).toMatchObject({ outcome: 'applied' });
    expect(await get(test, '/trust/anchors')).toEqual([
      { subject: 'root', size: 17 },
      { subject: 'second', size: 17 },
    ]);
    await file(trust('1.3.0', notes.replace('note text', 'note2 text')));
    expect((await reload(test)).detail).toContain('its SQL was another');
    const breaking = notes.replace(
      /\]$/,
      ", { name: 'rename', up: 'alter table trust_anchors rename column subject to who', breaking: true }]",
    );
    await file(trust('2.0.0', breaking));
    expect((await reload(test)).detail).toContain('"rename" of plugin "trust" is breaking');
    expect(await get(test, '/trust/anchors')).toHaveLength(2);
  });
});

it('rolls a transaction back whose process has ended', async () => {
  await using test = await createTestHost({
    isolation: { trust: 'process' },
    allowLeaks: true,
    prepare: (folder) => writePlugins(folder, { 'plugins/trust.ts': trust() }),
  });
  await get(test, '/trust/anchors/root', 'POST');
  await get(test, '/trust/die').catch(() => {});
  await expect.poll(() => test.host.status()[0]?.state.phase, { timeout: 10_000 }).toBe('running');
  await expect
    .poll(() => get(test, '/trust/anchors/next', 'POST'), { timeout: 10_000 })
    .toEqual({ id: expect.any(Number) });
  expect(await get(test, '/trust/anchors')).toEqual([
    { subject: 'root', size: 17 },
    { subject: 'next', size: 17 },
  ]);
});

it('costs a plugin that has none nothing, and leaves no process', async () => {
  const folder = await (async () => {
    await using test = await createTestHost({ prepare: (at) => writePlugins(at, { 'plugins/idle.ts': idle }) });
    expect(existsSync(join(test.folder, 'data', 'database', 'plugins'))).toBe(false);
    return children();
  })();
  expect(folder).toEqual([]);
  let pids: number[] = [];
  {
    await using test = await createTestHost({
      prepare: (at) => writePlugins(at, { 'plugins/neighbour.ts': neighbour }),
    });
    expect(readdirSync(join(test.folder, 'data', 'database', 'plugins'))).toContain('neighbour.db');
    pids = children();
    expect(pids).toHaveLength(1);
  }
  expect(pids.filter(isAlive)).toEqual([]);
});

it('refuses migrations that are not as they must be, all at once', async () => {
  const broken = `import { definePlugin } from '@backplane/plugin-api';
    export default definePlugin({ name: 'broken', version: '1.0.0', migrations: [{ name: '', up: '' }, { name: 'a', up: 1 }, { name: 'b', up: '', down: '' }] as never });`;
  await using test = await createTestHost({ prepare: (at) => writePlugins(at, { 'plugins/broken.ts': broken }) });
  const reason = test.host.status()[0]?.reason ?? '';
  for (const part of ['migrations.0 needs a name', 'migrations.1 ("a"): up is SQL', 'migrations.2 ("b") has "down"'])
    expect(reason).toContain(part);
});

/** Processes that this one has started and that have plugins' files open. */
function children(): number[] {
  const ofMine = (pid: string) => {
    try {
      const parent = /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'));
      return (
        Number(parent?.[1]) === process.pid &&
        readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('database-process-entry')
      );
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && ofMine(name))
    .map(Number);
}

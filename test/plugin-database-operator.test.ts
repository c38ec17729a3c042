import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { DatabaseProvider, HostOptions, SqlDatabase, SqlResult, SqlValue } from '@backplane/runtime';
import { createTestHost, type TestHost } from '@backplane/testing';
import { expect, it, onTestFinished } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

const notes = ({ version = '1.0.0', column = 'text', more = '', extra = '' } = {}) => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'notes',
  version: '${version}',
  ${extra}
  migrations: [{ name: 'notes', up: 'create table notes (id integer primary key, text text not null)' }${more}],
  initialize({ database, http }) {
    http.routes((app) => {
      app.post('/:text', async ({ params }: any) => ({ id: await database.transaction((tx) => tx.insert('notes', { ${column}: params.text })) }));
      app.get('/', async () => (await database.builder.selectFrom('notes').select('${column}').orderBy('id').execute()).map((row: any) => row.${column}));
    });
  },
});
`;

const get = async (test: TestHost, path: string, method = 'GET') =>
  (await fetch(`${test.url}${path}`, { method })).json();

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'backplane-data-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const boot = (options: HostOptions, text = notes()) =>
  createTestHost({ ...options, prepare: (folder) => writePlugins(folder, { 'plugins/notes.ts': text }) });

it('is there after a restart, also where the master key was changed while the plugin did not run', async () => {
  const dataDir = dataFolder();
  const [first, second] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
  {
    await using test = await boot({ dataDir, masterKey: first });
    expect(await get(test, '/notes/one', 'POST')).toEqual({ id: 1 });
  }
  {
    await using test = await createTestHost({ dataDir, masterKey: `${second}\n${first}` });
    expect(test.host.status()).toEqual([]);
  }
  await using test = await boot({ dataDir, masterKey: second });
  expect(await get(test, '/notes/two', 'POST')).toEqual({ id: 2 });
  expect(await get(test, '/notes')).toEqual(['one', 'two']);
});

it('takes a breaking migration where the plugin is stopped first, and refuses the version before it', async () => {
  await using test = await boot({});
  await get(test, '/notes/one', 'POST');
  const reload = async (text: string) => {
    await writePlugins(test.folder, { 'plugins/notes.ts': text });
    return (await (
      await fetch(`${test.url}/plugins/notes/reload`, { method: 'POST', headers: test.management })
    ).json()) as {
      outcome?: string;
      detail?: string;
    };
  };
  const more = ", { name: 'body', up: 'alter table notes rename column text to body', breaking: true }";
  expect((await reload(notes({ version: '2.0.0', column: 'body', more }))).detail).toContain('is breaking');
  expect(await get(test, '/notes')).toEqual(['one']);
  const answer = await reload(notes({ version: '2.0.0', column: 'body', more, extra: "replace: 'stop-first'," }));
  expect(answer).toMatchObject({ outcome: 'applied' });
  expect(await get(test, '/notes/two', 'POST')).toEqual({ id: 2 });
  expect((await reload(notes())).detail).toContain('migration "body", which versions must know that use it');
  expect(await get(test, '/notes')).toEqual(['one', 'two']);
});

/** An operator's own database, over Node's SQLite. */
class OwnDatabase implements SqlDatabase {
  readonly dialect = 'libsql';
  readonly #database = new DatabaseSync(':memory:');

  async run(text: string, params: readonly SqlValue[]): Promise<SqlResult> {
    const statement = this.#database.prepare(text.replaceAll(/\$(\d+)/g, '?$1'));
    const rows = statement.all(...(params as SQLInputValue[])) as SqlResult['rows'];
    return { rows, changes: rows.length };
  }

  async begin() {
    this.#database.exec('begin');
    return {
      run: (text: string, params: readonly SqlValue[]) => this.run(text, params),
      commit: async () => this.#database.exec('commit'),
      rollback: async () => this.#database.exec('rollback'),
    };
  }

  async migrate(migrations: Parameters<SqlDatabase['migrate']>[0]): Promise<void> {
    for (const { up } of migrations) this.#database.exec(typeof up === 'string' ? up : up.libsql);
  }

  close(): void {
    this.#database.close();
  }
}

it.each(['inline', 'process'] as const)(
  'works on what an operator hands in, %s, and closes it at the end',
  async (level) => {
    const made = new Map<string, OwnDatabase>();
    let closed = 0;
    const databases: DatabaseProvider = {
      dialect: 'libsql',
      database(plugin) {
        const database = made.get(plugin) ?? new OwnDatabase();
        made.set(plugin, database);
        return database;
      },
      async close() {
        closed++;
        for (const database of made.values()) database.close();
      },
    };
    {
      await using test = await boot({ databases, isolation: { notes: level } });
      expect(await get(test, '/notes/one', 'POST')).toEqual({ id: 1 });
      expect(await get(test, '/notes')).toEqual(['one']);
      expect([...made.keys()]).toEqual(['notes']);
    }
    expect(closed).toBe(1);
  },
);

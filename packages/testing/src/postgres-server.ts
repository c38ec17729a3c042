import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** A real PostgreSQL of its own, in a folder of its own, on a free port. */
export interface PostgresServer extends AsyncDisposable {
  /** Makes an empty database, and gives its address. */
  database(): Promise<string>;
}

const DEBIAN = '/usr/lib/postgresql';

/** The folder of `initdb` and `postgres`: Debian keeps them off the PATH. */
function binaries(): string {
  const [newest] = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
  if (newest === undefined) throw new Error('There is no PostgreSQL. On Debian: apt-get install postgresql');
  return join(DEBIAN, newest, 'bin');
}

/** PostgreSQL refuses to run as root, and Debian's package brings a user for it. */
function userOf(name: string): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

export async function startPostgres(): Promise<PostgresServer> {
  const bin = binaries();
  const user = userOf('postgres');
  const folder = mkdtempSync(join(tmpdir(), 'backplane-postgres-'));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const init = ['-D', data, '-U', 'backplane', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-instructions'];
  execFileSync(join(bin, 'initdb'), init, { ...user, stdio: 'pipe', cwd: folder });
  const port = await freePort();
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, 'fsync=off'];
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...settings.flatMap((one) => ['-c', one])], {
    ...user,
    stdio: 'ignore',
    cwd: folder,
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const url = (name: string) => `postgres://backplane@127.0.0.1:${port}/${name}`;
  await ready(url('postgres'));
  let made = 0;
  return {
    async database() {
      const name = `test_${++made}`;
      await query(url('postgres'), `create database ${name}`);
      return url(name);
    },
    async [Symbol.asyncDispose]() {
      // At once, without waiting for clients.
      server.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes one statement, on a connection of its own. */
export async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function ready(url: string): Promise<void> {
  const until = Date.now() + 30_000;
  for (;;) {
    try {
      await query(url, 'select 1');
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const ended: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** A fenced block of the tour. */
interface Block {
  readonly language: string;
  readonly text: string;
}

/** The blocks of one section, in order. */
function blocksOf(readme: string, heading: string): Block[] {
  const [, section = ''] = readme.split(`\n## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  return [...own.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }));
}

/** A folder that looks like the repository, with plugins, data and configuration of its own. */
async function cloneByLinks(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-tour-'));
  ended.push(() => rm(folder, { recursive: true, force: true }));
  for (const name of await readdir(root)) {
    if (name === 'plugins') await cp(join(root, name), join(folder, name), { recursive: true });
    else if (name !== 'data' && name !== 'config') await symlink(join(root, name), join(folder, name));
  }
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** One bash for all commands, as a person has one terminal. */
class Terminal {
  readonly #bash: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(cwd: string) {
    this.#bash = spawn('bash', ['-s'], { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#bash.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    ended.push(async () => void this.#bash.kill());
  }

  /** What the commands print, without empty lines. */
  async run(commands: string): Promise<string[]> {
    const mark = '-- that was all --';
    this.#bash.stdin?.write(`${commands}\necho; echo '${mark}'\n`);
    const printed: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done || value === mark) return printed.filter((line) => line !== '');
      printed.push(value);
    }
  }
}

async function startHost(command: string, cwd: string, port: number): Promise<ChildProcess> {
  const env = { ...process.env, BACKPLANE_PORT: String(port), NODE_OPTIONS: '' };
  const host = spawn('bash', ['-c', `exec ${command}`], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  ended.push(() => stopHost(host));
  const seen: string[] = [];
  const listens = new Promise<void>((resolve, reject) => {
    for (const stream of [host.stdout, host.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        seen.push(line);
        if (line.includes('Backplane listens')) resolve();
      });
    }
    host.once('exit', () => reject(new Error(`"${command}" ended:\n${seen.join('\n')}`)));
  });
  await listens;
  return host;
}

async function stopHost(host: ChildProcess): Promise<void> {
  if (host.exitCode !== null || host.signalCode !== null) return;
  host.kill('SIGINT');
  await once(host, 'exit');
}

/** Holds a line against what the README prints, where … stands for anything. */
function pattern(line: string): RegExp {
  return new RegExp(`^${line.split('…').map(RegExp.escape).join('.*')}$`);
}

it('does in its tour what the README says', async () => {
  const blocks = blocksOf(await readFile(join(root, 'README.md'), 'utf8'), 'A tour in five minutes');
  expect(blocks.length).toBeGreaterThan(10);
  const folder = await cloneByLinks();
  const port = await freePort();
  const terminal = new Terminal(folder);
  let host: ChildProcess | undefined;
  let printed: string[] = [];
  for (const { language, text } of blocks) {
    const here = text.replaceAll('localhost:8080', `127.0.0.1:${port}`).trimEnd();
    if (language === 'ts') {
      const file = /^\/\/ (plugins\/\S+)\n/.exec(text)?.[1];
      await writeFile(join(folder, file ?? ''), text);
    } else if (language === 'text') {
      const wanted = here.split('\n');
      expect(printed, text).toHaveLength(wanted.length);
      for (const [index, line] of wanted.entries()) expect(printed[index]).toMatch(pattern(line));
    } else if (here.startsWith('npm start')) {
      if (host) await stopHost(host);
      host = await startHost(here, folder, port);
    } else {
      printed = await terminal.run(here);
    }
  }
  expect((await readdir(join(folder, 'plugins'))).sort()).toEqual(['trust-pki', 'tsconfig.json']);
  if (host) await stopHost(host);
  expect(host?.exitCode).toBe(0);
});

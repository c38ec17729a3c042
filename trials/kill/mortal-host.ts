import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMMAND_LINE = fileURLToPath(new URL('../../packages/cli/dist/backplane.js', import.meta.url));
const START_LIMIT_MS = 60_000;
const LISTENS = /listens at (http:\S+)/;

/** `backplane start` on folders that outlive it. */
export class MortalHost {
  readonly url: string;
  readonly token: string;
  /** Milliseconds from its start until it was ready. */
  readonly readyMs: number;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, url: string, token: string, readyMs: number) {
    this.#process = child;
    this.url = url;
    this.token = token;
    this.readyMs = readyMs;
  }

  static async start(folder: string): Promise<MortalHost> {
    const began = performance.now();
    const child = spawn(process.execPath, [COMMAND_LINE, 'start', '--port', '0', '--log-format', 'json'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('close', () => process.off('exit', kill));
    const url = await listening(child);
    while ((await fetch(`${url}/ready`)).status !== 200) await new Promise((done) => setTimeout(done, 5));
    const readyMs = performance.now() - began;
    const token = (await readFile(join(folder, 'data', 'admin.token'), 'utf8')).trim();
    return new MortalHost(child, url, token, readyMs);
  }

  /** Without a word. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await gone;
  }
}

async function listening(child: ChildProcess): Promise<string> {
  let output = '';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error(`It did not listen in time:\n${output}`)), START_LIMIT_MS);
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
      const url = LISTENS.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    });
  child.once('close', (code) => reject(new Error(`It ended with ${code}:\n${output}`)));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

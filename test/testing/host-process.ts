import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginStatusBody, PluginsStatusBody } from '@backplane/wire';
import { type PluginFiles, writePlugins } from './plugin-files.ts';

/** The built program, as people run it: sources would be compiled in its memory. */
const COMMAND_LINE = fileURLToPath(new URL('../../packages/cli/dist/backplane.js', import.meta.url));
const START_LIMIT_MS = 30_000;

export interface HostProcessOptions {
  /** Flags of `backplane start`. */
  readonly flags?: readonly string[];
  /** A program that starts a host, in place of the command line. */
  readonly entry?: string;
  readonly execArgv?: readonly string[];
}

/** `backplane start` in a process of its own, with folders of its own. Disposed, it is gone with all that it made. */
export class HostProcess implements AsyncDisposable {
  readonly folder: string;
  readonly process: ChildProcess;
  /** Resolves with exit code and signal. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  #stdout = '';
  #stderr = '';
  #url = '';

  private constructor(folder: string, options: HostProcessOptions) {
    this.folder = folder;
    const { execArgv = [], entry = COMMAND_LINE, flags = [] } = options;
    this.process = spawn(
      process.execPath,
      [...execArgv, entry, 'start', '--port', '0', '--log-format', 'json', ...flags],
      {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: { ...process.env, NO_COLOR: '1', TMPDIR: join(folder, 'tmp') },
      },
    );
    this.process.stdout?.on('data', (chunk) => {
      this.#stdout += chunk;
    });
    this.process.stderr?.on('data', (chunk) => {
      this.#stderr += chunk;
    });
    // A test that runs out of time never comes to dispose what it started.
    const kill = () => this.process.kill('SIGKILL');
    process.once('exit', kill);
    this.process.once('close', () => process.off('exit', kill));
    this.exited = once(this.process, 'close').then(([code, signal]) => ({ code, signal }));
  }

  /** Starts the host with these plugins. Rejects with its output where it does not come up. */
  static async start(plugins: PluginFiles, options: HostProcessOptions = {}): Promise<HostProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-system-'));
    await writePlugins(join(folder, 'plugins'), plugins);
    await mkdir(join(folder, 'tmp'));
    const host = new HostProcess(folder, options);
    host.#url = (await host.prints(/listens at (http:\S+)/))[1] ?? '';
    return host;
  }

  get url(): string {
    return this.#url;
  }
  get pid(): number {
    return this.process.pid as number;
  }
  get output(): string {
    return this.#stdout + this.#stderr;
  }
  get plugins(): string {
    return join(this.folder, 'plugins');
  }

  /** Log lines, parsed. */
  get log(): Record<string, unknown>[] {
    const lines = this.#stdout.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    return lines.map((line) => JSON.parse(line));
  }

  /** Waits for output, or rejects when the process ends without it. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    const found = () => pattern.exec(this.output);
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = () => {
      const match = found();
      if (match) resolve(match);
    };
    const failed = (what: string) => reject(new Error(`${what}; it printed:\n${this.output}`));
    const timer = setTimeout(() => failed(`No ${pattern} within ${START_LIMIT_MS} ms`), START_LIMIT_MS);
    this.process.stdout?.on('data', look);
    this.process.stderr?.on('data', look);
    this.exited.then(() => failed(`The host ended before it printed ${pattern}`));
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.process.stdout?.off('data', look);
      this.process.stderr?.off('data', look);
    }
  }

  async #authorization(): Promise<Record<string, string>> {
    return { authorization: `Bearer ${(await readFile(join(this.folder, 'data', 'admin.token'), 'utf8')).trim()}` };
  }

  async reload(name: string): Promise<Response> {
    return fetch(`${this.url}/plugins/${name}/reload`, { method: 'POST', headers: await this.#authorization() });
  }

  /** `GET /plugins/status`, by name. */
  async status(): Promise<Map<string, PluginStatusBody>> {
    const response = await fetch(`${this.url}/plugins/status`, { headers: await this.#authorization() });
    const { plugins } = (await response.json()) as PluginsStatusBody;
    return new Map(plugins.map((plugin) => [plugin.name, plugin]));
  }

  /** Resident memory, in MiB, as the kernel counts it. */
  get residentMiB(): number {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
    return Number(kib) / 1024;
  }

  /** Processes that this one has started and that live. */
  get children(): number[] {
    const listed = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    return listed.trim().split(' ').filter(Boolean).map(Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
    await this.exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}

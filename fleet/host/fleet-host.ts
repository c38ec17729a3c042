import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answered, Asked, HostSettings, Question, Questions } from './host-messages.ts';

const ENTRY = fileURLToPath(new URL('./fleet-host.child.ts', import.meta.url));
const START_LIMIT_MS = 120_000;
const KEPT_OUTPUT = 20_000;

interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** The host in a process of its own, built as people run it. */
export class FleetHost {
  readonly process: ChildProcess;
  readonly settings: HostSettings;
  /** Resolves with how it ended. */
  readonly exited: Promise<string>;
  #url = '';
  #output = '';
  #asked = 0;
  readonly #pending = new Map<number, Pending>();

  /** Milliseconds: longer than anything that is asked takes, also on a machine with more to do. */
  readonly #patienceMs: number;

  private constructor(settings: HostSettings, patienceMs: number) {
    this.settings = settings;
    this.#patienceMs = patienceMs;
    const { folder } = settings;
    const report = ['--report-on-signal', '--report-signal=SIGUSR2', `--report-directory=${folder}`];
    this.process = spawn(
      process.execPath,
      ['--expose-gc', '--disable-warning=ExperimentalWarning', ...report, ENTRY, JSON.stringify(settings)],
      {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        serialization: 'advanced',
        env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', TMPDIR: join(folder, 'tmp') },
      },
    );
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-KEPT_OUTPUT);
    };
    this.process.stdout?.on('data', keep);
    this.process.stderr?.on('data', keep);
    this.process.on('message', (answered: Answered) => this.#receive(answered));
    // Whatever ends the director in the middle: no host stays behind, be it stuck.
    const kill = () => this.process.kill('SIGKILL');
    process.once('exit', kill);
    this.process.once('close', () => process.off('exit', kill));
    this.exited = once(this.process, 'close').then(([code, signal]) => (signal ? `signal ${signal}` : `code ${code}`));
    void this.exited.then((how) => {
      for (const { reject } of this.#pending.values())
        reject(new Error(`The host ended with ${how}:\n${this.#output}`));
      this.#pending.clear();
    });
  }

  static async start(settings: HostSettings, patienceMs: number): Promise<FleetHost> {
    const host = new FleetHost(settings, patienceMs);
    const first = once(host.process, 'message').then(([{ url }]) => url as string);
    const ended = host.exited.then((how) => `ended with ${how}`);
    const url = await Promise.race([first, ended, after(START_LIMIT_MS).then(() => 'did not start in time')]);
    if (!url.startsWith('http')) {
      host.process.kill('SIGKILL');
      throw new Error(`The host ${url}:\n${host.#output}`);
    }
    host.#url = url;
    return host;
  }

  get url(): string {
    return this.#url;
  }
  get pid(): number {
    return this.process.pid as number;
  }
  /** What it wrote last. */
  get output(): string {
    return this.#output;
  }
  get alive(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  ask<Q extends Question>(question: Q, limitMs = this.#patienceMs): Promise<Questions[Q]> {
    const id = ++this.#asked;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.process.send({ id, question } satisfies Asked);
    const late = setTimeout(() => {
      this.#pending.get(id)?.reject(new Error(`The host did not answer "${question}" within ${limitMs} ms.`));
    }, limitMs);
    return answer.finally(() => {
      clearTimeout(late);
      this.#pending.delete(id);
    }) as Promise<Questions[Q]>;
  }

  /** Processes that it has started and that live, by command. */
  get children(): readonly string[] {
    const tasks = `/proc/${this.pid}/task`;
    const listed = readdirSync(tasks).map((task) => readText(`${tasks}/${task}/children`));
    return listed.join(' ').trim().split(/\s+/).filter(Boolean).map(commandOf).sort();
  }

  /** Open file descriptors, by what they are. */
  get descriptors(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const fd of readdirSync(`/proc/${this.pid}/fd`)) {
      const kind = descriptorKind(`/proc/${this.pid}/fd/${fd}`);
      if (kind !== undefined) counts[kind] = (counts[kind] ?? 0) + 1;
    }
    return counts;
  }

  /** Has it stop in order; ends it by force when it does not. Gives how it ended. */
  async stop(limitMs: number): Promise<string> {
    this.process.kill('SIGTERM');
    const how = await Promise.race([this.exited, after(limitMs).then(() => undefined)]);
    if (how !== undefined) return how;
    this.process.kill('SIGKILL');
    return `force: it did not stop within ${limitMs} ms (${await this.exited})`;
  }

  #receive(answered: Answered): void {
    const pending = this.#pending.get(answered.id);
    if (pending === undefined) return;
    if ('error' in answered) pending.reject(new Error(`${answered.error.code}: ${answered.error.message}`));
    else pending.resolve(answered.answer);
  }
}

const commandOf = (pid: string): string => readText(`/proc/${pid}/cmdline`).split('\0').slice(0, 8).join(' ');

/** Nothing of a process or thread that has gone meanwhile. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** `socket`, `pipe`, `anon_inode:[eventpoll]`, or a path; `undefined` for one that was closed meanwhile. */
function descriptorKind(link: string): string | undefined {
  try {
    return readlinkSync(link).replace(/^(socket|pipe):.*/, '$1');
  } catch {
    return undefined;
  }
}

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref());

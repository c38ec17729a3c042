import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Random } from '../../fleet/random.ts';
import { writePlugins } from '../../test/testing/plugin-files.ts';
import { Api } from './api.ts';
import { MortalHost } from './mortal-host.ts';
import { preparedFiles } from './plugins.ts';
import {
  BulkWriter,
  ConfigWriter,
  HookWriter,
  InstallWriter,
  RowWriter,
  SwitchWriter,
  TemplateWriter,
  type Writer,
} from './writers.ts';

export interface KillOptions {
  readonly times: number;
  readonly seed: number;
  readonly say: (line: string) => void;
  readonly stop?: AbortSignal;
}

export interface KillResult {
  readonly kills: number;
  readonly seconds: number;
  readonly acknowledged: number;
  readonly underWay: number;
  /** Of every start, in milliseconds. */
  readonly readyMs: readonly number[];
  readonly findings: readonly string[];
}

const run = promisify(execFile);
const COMMAND_LINE = fileURLToPath(new URL('../../packages/cli/dist/backplane.js', import.meta.url));
/** A host lives for so long once it is written to. Milliseconds. */
const LIFE = [5, 400] as const;
const ROTATE_EVERY = 7;
const INSPECT_EVERY = 10;
const TELL_EVERY_MS = 5000;

/** Kills a host in the middle of writes, starts it again, and looks for what was acknowledged. */
export async function killHosts(options: KillOptions): Promise<KillResult> {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-kill-'));
  try {
    await writePlugins(folder, preparedFiles);
    return await new Trial(options, folder).all();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class Trial {
  readonly #options: KillOptions;
  readonly #folder: string;
  readonly #random: Random;
  readonly #writers: readonly Writer[];
  readonly #findings: string[] = [];
  readonly #readyMs: number[] = [];
  /** Numbers of revisions that were acknowledged. */
  #revision = 0;
  #acknowledged = 0;
  #underWay = 0;
  #kills = 0;

  constructor(options: KillOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.#random = new Random(options.seed);
    this.#writers = [
      new ConfigWriter(),
      new SwitchWriter(),
      new InstallWriter(folder),
      new BulkWriter(),
      new TemplateWriter(),
      new HookWriter(),
      new RowWriter(),
    ];
  }

  async all(): Promise<KillResult> {
    const { times, stop, say } = this.#options;
    const began = performance.now();
    let told = began;
    while (this.#kills < times && !stop?.aborted && this.#findings.length === 0) {
      await this.#live();
      if (performance.now() - told < TELL_EVERY_MS) continue;
      told = performance.now();
      say(`${this.#kills} of ${times} kills, ${this.#acknowledged} writes acknowledged, ${this.#underWay} cut off`);
    }
    await this.#lastLook();
    return {
      kills: this.#kills,
      seconds: (performance.now() - began) / 1000,
      acknowledged: this.#acknowledged,
      underWay: this.#underWay,
      readyMs: this.#readyMs,
      findings: this.#findings,
    };
  }

  async #live(): Promise<void> {
    const host = await this.#start();
    if (host === undefined) return;
    const api = new Api(host);
    try {
      await this.#verify(api);
      if (this.#findings.length > 0) return;
      const [least, most] = LIFE;
      const death = new Promise((done) => setTimeout(done, this.#random.int(least, most)));
      const dead = new AbortController();
      const writing = this.#writers.map((writer) => this.#writeUntil(writer, api, dead.signal));
      if (this.#kills % ROTATE_EVERY === 3)
        writing.push(
          api.ask('POST', '/api/v1/admin/master-key/rotate').then(
            () => {},
            () => {},
          ),
        );
      await death;
      dead.abort();
      await host.kill();
      this.#kills++;
      await Promise.all(writing);
    } finally {
      await host.kill();
    }
    if (this.#kills % INSPECT_EVERY === 0) await this.#inspect();
  }

  async #start(): Promise<MortalHost | undefined> {
    try {
      const host = await MortalHost.start(this.#folder);
      this.#readyMs.push(host.readyMs);
      return host;
    } catch (error) {
      this.#findings.push(`after ${this.#kills} kills: ${(error as Error).message}`);
      return undefined;
    }
  }

  async #writeUntil(writer: Writer, api: Api, dead: AbortSignal): Promise<void> {
    for (let count = 0; !dead.aborted; count++) {
      const { method, path, body } = writer.next(this.#random);
      let answer: Awaited<ReturnType<Api['ask']>>;
      try {
        answer = await api.ask(method, path, body, `${writer.name}-${this.#kills}-${count}`);
      } catch {
        this.#underWay++;
        return;
      }
      try {
        writer.acknowledged(answer);
        this.#acknowledged++;
        this.#revision = Math.max(this.#revision, answer.body?.change?.revision ?? 0);
      } catch (error) {
        this.#findings.push(`kill ${this.#kills}: ${(error as Error).message}`);
        return;
      }
    }
  }

  async #verify(api: Api): Promise<void> {
    const where = `after ${this.#kills} kills`;
    try {
      for (const writer of this.#writers) {
        const problem = await writer.verify(api);
        if (problem !== undefined) this.#findings.push(`${where}: ${problem}`);
      }
      const { body } = await api.ask('GET', '/api/v1/admin/revisions?limit=1');
      if (body.current < this.#revision)
        this.#findings.push(`${where}: revision ${this.#revision} was acknowledged, and the newest is ${body.current}`);
      const { body: verified } = await api.ask('POST', '/api/v1/admin/audit/verify');
      if (verified.ok !== true) this.#findings.push(`${where}: the audit trail: ${JSON.stringify(verified)}`);
    } catch (error) {
      this.#findings.push(`${where}: ${(error as Error).message}`);
    }
  }

  /** What the command line finds where no host runs. */
  async #inspect(): Promise<void> {
    try {
      await run(process.execPath, [COMMAND_LINE, 'doctor', '--json'], { cwd: this.#folder });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      this.#findings.push(`after ${this.#kills} kills, doctor: ${stdout}${stderr}`);
    }
  }

  async #lastLook(): Promise<void> {
    if (this.#findings.length > 0) return;
    const host = await this.#start();
    if (host === undefined) return;
    await this.#verify(new Api(host));
    await host.kill();
    await this.#inspect();
  }
}

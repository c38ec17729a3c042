import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { toolEnv } from '../../tools/child-env.mjs';

export interface HostCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** How long a host may take until it says where it listens. */
const START_MS = 60_000;

/** A host in a process of its own, started as a person starts it. */
export class RunningHost {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #output: () => string;

  private constructor(child: ChildProcess, url: string, output: () => string) {
    this.#child = child;
    this.url = url;
    this.#output = output;
  }

  /** Resolves when the host has said where it listens; rejects with all it said when it ends before. */
  static async start({ command, args, cwd, env = {} }: HostCommand): Promise<RunningHost> {
    const child = spawn(command, args, {
      cwd,
      env: { ...toolEnv(), NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const url = await new Promise<string>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`Not ready after ${START_MS} ms:\n${output}`)), START_MS);
      const hear = (chunk: Buffer) => {
        output += chunk;
        const said = /listens at (http:\/\/\S+)/.exec(output)?.[1];
        if (said !== undefined) resolve(said);
      };
      child.stdout?.on('data', hear);
      child.stderr?.on('data', hear);
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`The host exited with ${code}:\n${output}`)));
      child.on('exit', () => clearTimeout(limit));
    }).catch((error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    });
    return new RunningHost(child, url, () => output);
  }

  get output(): string {
    return this.#output();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with the exit code, or the signal that ended it. */
  async ended(): Promise<number | string> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const [code, signal] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? signal ?? 'unknown';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.signal('SIGTERM');
    await this.ended();
  }
}

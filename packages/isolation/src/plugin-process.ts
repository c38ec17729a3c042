import { AsyncLocalStorage } from 'node:async_hooks';
import { type ChildProcess, fork } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { type Clock, messageOf } from '@backplane/base';
import type { Channel } from './channel.ts';
import { errors } from './errors.ts';
import { createIpcChannel } from './ipc-channel.ts';
import { LIFELINE } from './lifeline.ts';
import { eachLine } from './lines.ts';

export interface PluginProcessOptions {
  /** For messages. */
  readonly plugin: string;
  /** The module the child runs. */
  readonly childEntry: URL | string;
  readonly execArgv: readonly string[];
  /** The whole environment of the child: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  line(stream: 'stdout' | 'stderr', line: string): void;
}

/** How a process came to its end. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It closed its channel and was killed for it. */
  readonly disconnected: boolean;
  /** It was never started. */
  readonly spawnError?: Error;
}

const STDERR_LINES = 20;
/** How long output may still come, and a process that has closed its channel may take to exit. */
const GRACE_MS = 250;
/** Runs outside of any call: events of the process must not belong to the request that happened to start it. */
const outside = AsyncLocalStorage.snapshot();

/** A child process with its channel, its output and its end. */
export class PluginProcess {
  /** 0 when it could not be started. */
  readonly pid: number;
  readonly channel: Channel;
  /** Settles once the process is gone and its output has been read. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #stderr: string[] = [];

  private constructor(child: ChildProcess, options: PluginProcessOptions) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.channel = createIpcChannel(child);
    this.ended = this.#watch(options.clock);
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = child[name];
      if (stream === null) continue;
      eachLine(stream, (line) => {
        if (name === 'stderr' && this.#stderr.push(line) > STDERR_LINES) this.#stderr.shift();
        options.line(name, line);
      });
    }
    // The lifeline: never written to; the child sees it close when this process is gone, however it went.
    const lifeline = child.stdio[LIFELINE] as Duplex | undefined;
    lifeline?.on('error', () => {}).resume();
  }

  /** @throws BP_PROCESS_SPAWN_FAILED when it cannot be started at all; later trouble is an end. */
  static start(options: PluginProcessOptions): PluginProcess {
    const { plugin } = options;
    try {
      return outside(() => {
        const child = fork(options.childEntry, [], {
          serialization: 'advanced',
          env: options.env as NodeJS.ProcessEnv,
          execArgv: [...options.execArgv],
          stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
        });
        return new PluginProcess(child, options);
      });
    } catch (cause) {
      throw errors.BP_PROCESS_SPAWN_FAILED({ plugin, reason: messageOf(cause) }, { cause });
    }
  }

  /** What it wrote to standard error last, oldest first, at most twenty lines. */
  get stderr(): readonly string[] {
    return [...this.#stderr];
  }

  /** Sends a signal; to a process that has ended it does nothing. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #watch(clock: Clock): Promise<ProcessEnd> {
    const child = this.#child;
    let disconnected = false;
    child.on('disconnect', () => {
      clock.after(GRACE_MS, () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        disconnected = true;
        child.kill('SIGKILL');
      });
    });
    return new Promise((resolve) => {
      // Sending to one that has gone is an error too; only a start that failed is an end of its own.
      child.on('error', (spawnError) => {
        if (child.pid === undefined) resolve({ exitCode: null, signal: null, disconnected, spawnError });
      });
      child.on('exit', (exitCode, signal) => {
        const settle = () => {
          timer.cancel();
          resolve({ exitCode, signal, disconnected });
        };
        // A grandchild may hold the pipes open for ever.
        const timer = clock.after(GRACE_MS, settle);
        child.on('close', settle);
      });
    });
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Usage } from './server-child.ts';

/** How a server is started: a module that listens and then calls `reportTo(port)`. */
export interface ServerEntry {
  readonly entry: URL | string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A server in a process of its own, which says what it has used. */
export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start({ entry, args = [], env = {} }: ServerEntry): Promise<ServerProcess> {
    const child = fork(entry, args, {
      execArgv: ['--conditions=backplane-source', '--disable-warning=ExperimentalWarning', '--expose-gc'],
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const { port } = (await answer(child)) as { port: number };
    return new ServerProcess(child, port);
  }

  /** CPU time since its start and memory after a collection. */
  async usage(): Promise<Usage> {
    this.#child.send('usage');
    return (await answer(this.#child)) as Usage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}

async function answer(child: ChildProcess): Promise<unknown> {
  const settled = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: settled.signal }).then(([message]) => message),
      once(child, 'exit', { signal: settled.signal }).then(([code]) => {
        throw new Error(`${child.spawnargs.join(' ')} exited with ${code}.`);
      }),
    ]);
  } finally {
    settled.abort();
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Load, LoadResult } from './drive-load.ts';

/** A process that drives HTTP load against a port of this machine, one load at a time. */
export class LoadDriver {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static start(): LoadDriver {
    return new LoadDriver(
      fork(new URL('./load-driver.child.ts', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    );
  }

  /** Resolves when the load is done, or soon after `stop`. */
  async drive(load: Load): Promise<LoadResult> {
    this.#child.send({ drive: load });
    const ended = new AbortController();
    try {
      return await Promise.race([
        once(this.#child, 'message', { signal: ended.signal }).then(([result]) => result as LoadResult),
        once(this.#child, 'exit', { signal: ended.signal }).then(() => {
          throw new Error('The load driver has exited.');
        }),
      ]);
    } finally {
      ended.abort();
    }
  }

  /** Lets the load that runs end with the answers it still waits for. */
  stop(): void {
    this.#child.send('stop');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}

import { type ChildProcess, fork } from 'node:child_process';

/** A process that a benchmark started. It ends with the benchmark, whatever becomes of that. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #gone: Promise<void>;

  /** Starts a file of this folder's own, with the sources of the packages and `gc()`. */
  constructor(file: URL, args: readonly string[] = [], execArgv: readonly string[] = []) {
    this.#process = fork(file, args, {
      execArgv: ['--conditions=backplane-source', '--disable-warning=ExperimentalWarning', '--expose-gc', ...execArgv],
    });
    this.#gone = new Promise((resolve) => this.#process.once('exit', () => resolve()));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** The next message of the child. @throws Error where it ends without one */
  next<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const exited = (code: number | null) => reject(new Error(`A process of the benchmark ended with ${code}.`));
      this.#process.once('exit', exited);
      this.#process.once('message', (message) => {
        this.#process.off('exit', exited);
        resolve(message as T);
      });
    });
  }

  ask<T>(question: string): Promise<T> {
    const answer = this.next<T>();
    this.#process.send(question);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    const impatient = setTimeout(() => this.#process.kill('SIGKILL'), 5_000);
    await this.#gone;
    clearTimeout(impatient);
  }
}

/** Answers the questions of a benchmark, in its child process, until the benchmark is gone. */
export function answerQuestions(answers: Readonly<Record<string, () => unknown>>): void {
  process.on('message', async (question) => process.send?.((await answers[String(question)]?.()) ?? null));
  process.once('disconnect', () => process.exit());
}

/** CPU time of all threads of this process, in microseconds. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Bytes of the heap that are reachable. Needs `--expose-gc`. */
export function heapInUse(): number {
  for (let i = 0; i < 2; i++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

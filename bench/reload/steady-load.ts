import { LoadConnection } from '../harness/load-connection.ts';

/** What clients saw of a server. */
export class SteadyLoad {
  served = 0;
  readonly failures: string[] = [];
  readonly versions = new Set<string>();
  readonly #connections: readonly LoadConnection[];
  readonly #working: Promise<unknown>;
  #running = true;
  #lastAnswer = performance.now();
  #widestGap = 0;

  /** Asks over and over, over each connection as soon as the answer before is there. */
  constructor(port: number, path: string, connections: number) {
    this.#connections = Array.from({ length: connections }, () => new LoadConnection(port, path));
    this.#working = Promise.all(this.#connections.map((connection) => this.#work(connection)));
  }

  /** Milliseconds of the longest time without any answer since the last time this was asked. */
  takeWidestGap(): number {
    const gap = Math.max(this.#widestGap, performance.now() - this.#lastAnswer);
    this.#widestGap = 0;
    return gap;
  }

  /** Lets the requests under way end. */
  async end(): Promise<void> {
    this.#running = false;
    await this.#working;
    for (const connection of this.#connections) connection.close();
  }

  async #work(connection: LoadConnection): Promise<void> {
    while (this.#running) {
      try {
        this.versions.add(await connection.send());
        this.served++;
        const now = performance.now();
        this.#widestGap = Math.max(this.#widestGap, now - this.#lastAnswer);
        this.#lastAnswer = now;
      } catch (error) {
        this.failures.push(String(error));
        // A connection that was closed answers nothing any more.
        return;
      }
    }
  }
}

import { HttpConnection } from '../http-connection.ts';

/** Asks a server over and over, over each connection as soon as the answer before is there, and keeps what clients see. */
export class SteadyLoad {
  served = 0;
  readonly failures: string[] = [];
  /** The last body that came. */
  lastBody = '';
  readonly #working: Promise<unknown>;
  #running = true;
  #lastAnswer = performance.now();
  #widestGap = 0;

  constructor(port: number, path: string, connections: number) {
    const request = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`;
    this.#working = Promise.all(Array.from({ length: connections }, () => this.#work(port, request)));
  }

  /** Milliseconds of the longest time without any answer since this was asked before. */
  takeWidestGap(): number {
    const gap = Math.max(this.#widestGap, performance.now() - this.#lastAnswer);
    this.#widestGap = 0;
    return gap;
  }

  /** Lets the requests under way end. */
  async end(): Promise<void> {
    this.#running = false;
    await this.#working;
  }

  async #work(port: number, request: string): Promise<void> {
    let connection = await HttpConnection.open(port);
    while (this.#running) {
      try {
        const { status, body } = await connection.send(request);
        if (status !== 200) this.failures.push(`${status} ${body}`);
        this.lastBody = body;
        this.served++;
        const now = performance.now();
        this.#widestGap = Math.max(this.#widestGap, now - this.#lastAnswer);
        this.#lastAnswer = now;
      } catch (error) {
        this.failures.push(String(error));
        connection = await HttpConnection.open(port);
      }
    }
    connection.close();
  }
}

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Findings } from '../oracle/findings.ts';
import { Ticks } from '../oracle/ticks.ts';

/** A connection that a plugin has opened. */
interface Line {
  readonly purpose: string;
  /** `name#instance` of who opened it. */
  readonly owner: string;
}

/** Connections that one instance may have open at a time. */
export const POOL_SIZE = 4;

/** A server that plugins connect to: it does the sums for pools, hears the ticks of cron jobs, and sees who leaves a connection behind. */
export class Quay implements AsyncDisposable {
  readonly ticks: Ticks;
  readonly #findings: Findings;
  readonly #server: Server;
  readonly #lines = new Map<Socket, Line>();

  private constructor(findings: Findings) {
    this.#findings = findings;
    this.ticks = new Ticks(findings);
    this.#server = createServer((socket) => void this.#accept(socket));
  }

  static async open(findings: Findings): Promise<Quay> {
    const quay = new Quay(findings);
    quay.#server.listen(0, '127.0.0.1');
    await once(quay.#server, 'listening');
    return quay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Who has lines open for that purpose: one entry for each. */
  owners(purpose: string): string[] {
    return [...this.#lines.values()].filter((line) => line.purpose === purpose).map(({ owner }) => owner);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#lines.keys()) socket.destroy();
    await closed;
  }

  async #accept(socket: Socket): Promise<void> {
    // Whatever ends a connection, its close is what counts.
    socket.on('error', () => {});
    socket.on('close', () => this.#lines.delete(socket));
    let line: Line | undefined;
    for await (const text of createInterface({ input: socket })) {
      if (line === undefined) line = this.#introduce(socket, text);
      else if (line.purpose === 'ticks') this.ticks.heard(line.owner, Number(text));
      else socket.write(`${Number(text) * 2}\n`);
    }
  }

  #introduce(socket: Socket, text: string): Line {
    const [purpose = '', name, instance] = text.split(' ');
    const line = { purpose, owner: `${name}#${instance}` };
    this.#lines.set(socket, line);
    const open = this.owners('pool').filter((owner) => owner === line.owner).length;
    if (open > POOL_SIZE) this.#findings.add(`pool of ${line.owner}`, `at most ${POOL_SIZE} connections`, String(open));
    return line;
  }
}

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { openLine } from './line.ts';
import { type ShipContext, ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Keeps connections to the quay, at most so many, and has it do the sums. */
export const pooler = (variant: Variant) =>
  ship(variant, {
    board(context) {
      const pool = new Pool(Number(variant.options?.quay), Number(variant.options?.max), context);
      context.scope.add('pool', () => pool.close());
      return {
        routes(app) {
          app.get<{ Querystring: { n: string } }>('/doubled', async ({ query }) => ({
            doubled: Number(await pool.ask(query.n)),
          }));
        },
        start: () => pool.open(),
      };
    },
  });

class Pool {
  readonly #port: number;
  readonly #most: number;
  readonly #context: ShipContext;
  readonly #idle: Socket[] = [];
  readonly #waiting: ((socket: Socket) => void)[] = [];
  readonly #all = new Set<Socket>();
  #opened = 0;

  constructor(port: number, most: number, context: ShipContext) {
    this.#port = port;
    this.#most = most;
    this.#context = context;
  }

  /** The first connection is there before the first request. */
  async open(): Promise<void> {
    this.#giveBack(await this.#connect());
  }

  async ask(question: string): Promise<string> {
    const socket = await this.#take();
    socket.write(`${question}\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    this.#giveBack(socket);
    return answer.toString().trim();
  }

  close(): void {
    for (const socket of this.#all) socket.destroy();
  }

  async #take(): Promise<Socket> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#opened < this.#most) return this.#connect();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #giveBack(socket: Socket): void {
    const next = this.#waiting.shift();
    if (next) next(socket);
    else this.#idle.push(socket);
  }

  async #connect(): Promise<Socket> {
    this.#opened++;
    const socket = await openLine(this.#port, 'pool', this.#context);
    this.#all.add(socket);
    return socket;
  }
}

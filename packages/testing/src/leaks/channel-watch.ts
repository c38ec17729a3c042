import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:net';
import type { Worker } from 'node:worker_threads';
import { isOfRunner, type Origin, originHere, placesOf } from './origin.ts';

const WORKER = 'worker_threads';
const LISTEN = 'tracing:net.server.listen:asyncStart';

/** Knows the threads and servers that were started since, and where, from the channels on which Node tells of them. */
export class ChannelWatch implements Disposable {
  readonly #threads = new Map<Worker, Origin>();
  readonly #servers = new Map<Server, Origin>();
  readonly #onWorker = (message: unknown) => {
    this.#threads.set((message as { readonly worker: Worker }).worker, originHere(this.#onWorker));
  };
  readonly #onListen = (message: unknown) => {
    this.#servers.set((message as { readonly server: Server }).server, originHere(this.#onListen));
  };

  constructor() {
    subscribe(WORKER, this.#onWorker);
    subscribe(LISTEN, this.#onListen);
  }

  left(): string[] {
    const threads = [...this.#threads].filter(([worker]) => worker.threadId !== -1);
    const servers = [...this.#servers].filter(([server]) => server.listening);
    const left = [
      ...threads.map(([, origin]) => ['thread', placesOf(origin)] as const),
      ...servers.map(([, origin]) => ['server', placesOf(origin)] as const),
    ];
    return left.flatMap(([what, at]) =>
      at.length === 0 || isOfRunner(at) ? [] : [`${what}, made at ${at.slice(0, 3).join(', called at ')}`],
    );
  }

  [Symbol.dispose](): void {
    unsubscribe(WORKER, this.#onWorker);
    unsubscribe(LISTEN, this.#onListen);
  }
}

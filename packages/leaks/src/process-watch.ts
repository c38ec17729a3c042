import type { ChildProcess } from 'node:child_process';
import type { Socket as UdpSocket } from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { Server, Socket } from 'node:net';
import type { Worker } from 'node:worker_threads';
import type { Made } from './made.ts';
import { madeServer, madeSocket, madeUdpSocket } from './made-connections.ts';
import { madeListener } from './made-listener.ts';
import { madeProcess, madeWorker } from './made-processes.ts';

/** Told in the moment in which something is made, so that the stack says by whom. `make` is called if that is of interest. */
export type OnMade = (make: () => Made) => void;

/** Channels on which Node says, there and then, that something was made. Connections that a server accepts are not among them. */
const CHANNELS: Readonly<Record<string, (message: never) => Made>> = {
  'net.client.socket': ({ socket }: { socket: Socket }) => madeSocket(socket),
  'tracing:net.server.listen:asyncStart': ({ server }: { server: Server }) => madeServer(server),
  'udp.socket': ({ socket }: { socket: UdpSocket }) => madeUdpSocket(socket),
  child_process: ({ process }: { process: ChildProcess }) => madeProcess(process),
  worker_threads: ({ worker }: { worker: Worker }) => madeWorker(worker),
};

const STREAMS: Readonly<Record<string, 'stdin' | 'stdout' | 'stderr'>> = {
  'process.stdin': 'stdin',
  'process.stdout': 'stdout',
  'process.stderr': 'stderr',
};

/** Sees what is made in this process, whoever makes it. */
export class ProcessWatch implements Disposable {
  readonly #onMade: OnMade;
  readonly #undo: (() => void)[] = [];
  readonly #emitters = new Set<EventEmitter>();

  constructor(onMade: OnMade) {
    this.#onMade = onMade;
    for (const [channel, toMade] of Object.entries(CHANNELS)) {
      const onMessage = (message: unknown) => onMade(() => toMade(message as never));
      subscribe(channel, onMessage);
      this.#undo.push(() => unsubscribe(channel, onMessage));
    }
    this.#listenersOf(process, 'process');
  }

  /** Sees also who listens to standard streams. Those that nobody names are not touched, for that would make them. */
  streams(mentions: readonly string[]): void {
    for (const name of mentions) {
      const key = STREAMS[name];
      if (key !== undefined) this.#listenersOf(process[key], name);
    }
  }

  /** Sees also who listens to what a module of Node has for the whole process. */
  module(specifier: string): void {
    const name = specifier.replace(/^node:/, '');
    if (name === 'http') this.#listenersOf(http.globalAgent, 'http.globalAgent');
    else if (name === 'https') this.#listenersOf(https.globalAgent, 'https.globalAgent');
    else if (name === 'cluster') this.#listenersOf(process.getBuiltinModule('node:cluster'), 'cluster');
  }

  /** Costs something only when somebody begins to listen. */
  #listenersOf(emitter: EventEmitter, name: string): void {
    if (this.#emitters.has(emitter)) return;
    this.#emitters.add(emitter);
    const onNew = (event: string | symbol, listener: object) => {
      if (event === 'newListener') return;
      this.#onMade(() => madeListener(emitter, name, event, listener));
    };
    emitter.on('newListener', onNew);
    this.#undo.push(() => emitter.off('newListener', onNew));
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo.splice(0)) undo();
  }
}

import type { IncomingRequest } from './incoming-request.ts';
import { Peer } from './peer.ts';
import { PluginProcess, type PluginProcessOptions } from './plugin-process.ts';
import { notCloneable } from './protocol.ts';

export type ChildOptions = Omit<PluginProcessOptions, 'line'>;

/** Who hears what a child says. */
export interface LinkSide {
  request(request: IncomingRequest): unknown;
  note(subject: string, payload: unknown): void;
  stray(message: unknown, error?: unknown): void;
  line(stream: 'stdout' | 'stderr', line: string): void;
}

type Line = Parameters<LinkSide['line']>;

/** Lines that are kept until somebody hears them; of more, the first are dropped. */
const MOST_LINES = 200;

/** A child process and what is said over its channel. What it prints before somebody is attached is not lost. */
export class ProcessLink {
  readonly process: PluginProcess;
  readonly peer: Peer;
  readonly #lines: Line[] = [];
  #side: LinkSide | undefined;

  /** @throws BP_PROCESS_SPAWN_FAILED */
  constructor(options: ChildOptions) {
    this.process = PluginProcess.start({
      ...options,
      line: (...line) => {
        if (this.#side !== undefined) this.#side.line(...line);
        else if (this.#lines.push(line) > MOST_LINES) this.#lines.shift();
      },
    });
    this.peer = new Peer({
      channel: this.process.channel,
      request: (request) => {
        if (this.#side === undefined) throw new TypeError(`Nobody answers "${request.subject}" yet.`);
        return this.#side.request(request);
      },
      note: (subject, payload) => this.#side?.note(subject, payload),
      stray: (message, error) => this.#side?.stray(message, error),
      uncloneable: notCloneable,
      // Why it closed is known only when the process has ended.
      closed: () => {},
    });
  }

  /** From here on this side hears everything, and at once what was printed before. */
  attach(side: LinkSide): void {
    this.#side = side;
    for (const line of this.#lines.splice(0)) side.line(...line);
  }
}

import { type ClockTimer, withTimeLimit } from '@backplane/base';
import { endProcess } from './end-process.ts';
import type { ProcessEnd } from './plugin-process.ts';
import { type ChildOptions, ProcessLink } from './process-link.ts';
import { SAY } from './protocol.ts';

export interface WaitingProcessOptions extends ChildOptions {
  /** Milliseconds after which a process that has read its plugin and that nobody has taken is ended. Default 30,000. */
  readonly idleMs?: number;
}

export interface DescribeOptions {
  /** Milliseconds that the child may take to answer; then it is killed, be it in an endless loop. */
  readonly limitMs: number;
  /** The error for a child that did not answer. */
  readonly unanswered: (reason: string) => Error;
}

/** It has not been asked for anything that it would have to finish. */
const LIMITS = { polite: 500, terminate: 200 };

/**
 * A child that has read its plugin and waits to become an instance of it: what was read is what runs, and nothing is started twice. It is taken
 * once, and ended when nobody does.
 */
export class WaitingProcess {
  readonly #options: WaitingProcessOptions;
  /** Once it is over, nothing of it is held: whoever took it has it alone. */
  #state:
    | { readonly phase: 'waiting'; readonly link: ProcessLink; readonly idle: ClockTimer | undefined }
    | { readonly phase: 'over' };

  /** Begins to start the child. @throws BP_PROCESS_SPAWN_FAILED */
  constructor(options: WaitingProcessOptions) {
    this.#options = options;
    const link = new ProcessLink(options);
    this.#state = { phase: 'waiting', link, idle: undefined };
    void link.process.ended.then(() => this.#over());
  }

  /**
   * Has the child say what it is to run; a child that cannot is gone when this rejects.
   * @throws what the child throws, or `unanswered`
   */
  async describe(payload: unknown, { limitMs, unanswered }: DescribeOptions): Promise<unknown> {
    if (this.#state.phase === 'over') throw unanswered('it was ended before it was asked');
    const { link } = this.#state;
    const { process, peer } = link;
    const { clock, idleMs = 30_000 } = this.#options;
    const gone = process.ended.then((end) => {
      throw unanswered(`${endOf(end)}. ${process.stderr.join('\n').slice(-2000)}`);
    });
    try {
      const answer = await withTimeLimit(
        clock,
        limitMs,
        () => Promise.race([peer.request(SAY.describe, payload), gone]),
        () => unanswered(`it was not done after ${limitMs} ms`),
      );
      if (this.#state.phase === 'waiting') {
        this.#state = { phase: 'waiting', link, idle: clock.after(idleMs, () => void this.end()) };
      }
      return answer;
    } catch (error) {
      process.kill('SIGKILL');
      await process.ended;
      throw error;
    } finally {
      gone.catch(() => {});
    }
  }

  /** True as long as it can be taken. */
  get waits(): boolean {
    return this.#state.phase === 'waiting';
  }

  /** The process, once; `undefined` when it has been taken or has ended. */
  take(): ProcessLink | undefined {
    return this.#over();
  }

  /** Ends it unless it has been taken. Never rejects. */
  async end(): Promise<void> {
    const link = this.#over();
    if (link === undefined) return;
    const { plugin, clock } = this.#options;
    // One that SIGKILL does not end is beyond anybody's reach.
    await endProcess(link, { plugin, clock, limits: LIMITS, unclean: () => {} }).catch(() => {});
  }

  /** Gives the process to the first to ask. */
  #over(): ProcessLink | undefined {
    if (this.#state.phase === 'over') return undefined;
    const { link, idle } = this.#state;
    idle?.cancel();
    this.#state = { phase: 'over' };
    return link;
  }
}

function endOf({ exitCode, signal, spawnError }: ProcessEnd): string {
  if (spawnError !== undefined) return `it could not be started: ${spawnError.message}`;
  return `it ended with ${signal ?? `code ${exitCode}`}`;
}

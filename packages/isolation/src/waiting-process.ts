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
  readonly #link: ProcessLink;
  #state: { readonly phase: 'waiting'; readonly idle: ClockTimer | undefined } | { readonly phase: 'over' } = {
    phase: 'waiting',
    idle: undefined,
  };

  /** Begins to start the child. @throws BP_PROCESS_SPAWN_FAILED */
  constructor(options: WaitingProcessOptions) {
    this.#options = options;
    this.#link = new ProcessLink(options);
    void this.#link.process.ended.then(() => this.#over());
  }

  /**
   * Has the child say what it is to run; a child that cannot is gone when this rejects.
   * @throws what the child throws, or `unanswered`
   */
  async describe(payload: unknown, { limitMs, unanswered }: DescribeOptions): Promise<unknown> {
    const { process, peer } = this.#link;
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
        this.#state = { phase: 'waiting', idle: clock.after(idleMs, () => void this.end()) };
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
    return this.#over() ? this.#link : undefined;
  }

  /** Ends it unless it has been taken. Never rejects. */
  async end(): Promise<void> {
    if (!this.#over()) return;
    const { plugin, clock } = this.#options;
    // One that SIGKILL does not end is beyond anybody's reach.
    await endProcess(this.#link, { plugin, clock, limits: LIMITS, unclean: () => {} }).catch(() => {});
  }

  /** True for the first to ask. */
  #over(): boolean {
    if (this.#state.phase === 'over') return false;
    this.#state.idle?.cancel();
    this.#state = { phase: 'over' };
    return true;
  }
}

function endOf({ exitCode, signal, spawnError }: ProcessEnd): string {
  if (spawnError !== undefined) return `it could not be started: ${spawnError.message}`;
  return `it ended with ${signal ?? `code ${exitCode}`}`;
}

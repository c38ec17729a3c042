import type { Clock, ClockTimer } from '@backplane/base';
import type { Principal, TraceContext } from '@backplane/plugin-api';
import type { Call } from '@backplane/ports';
import { errors } from './errors.ts';
import type { WireCall } from './wire-call.ts';

/** What all calls of one instance share. */
export interface CallSurroundings {
  readonly clock: Clock;
  readonly draining: AbortSignal;
  readonly ended: AbortSignal;
}

type State =
  | { readonly phase: 'open' }
  | { readonly phase: 'cancelled'; readonly reason: unknown }
  | { readonly phase: 'left' };

/**
 * A call of the host, as the child sees it. Its signal aborts when the caller has gone, at the deadline, and at the drain limit.
 * Signal and timer are made when the signal is first read.
 */
export class ReceivedCall implements Call {
  readonly principal: Principal;
  readonly trace: TraceContext;
  readonly deadline: number | undefined;
  readonly generation: number;
  /** Names the host's own call. */
  readonly token: number;
  readonly #surroundings: CallSurroundings;
  #state: State = { phase: 'open' };
  #controller: AbortController | undefined;
  #timer: ClockTimer | undefined;

  constructor(wire: WireCall, surroundings: CallSurroundings) {
    const [token, principal, traceId, spanId, sampled, deadline, generation] = wire;
    this.token = token;
    this.principal = principal;
    this.trace = { traceId, spanId, sampled };
    this.deadline = deadline;
    this.generation = generation;
    this.#surroundings = surroundings;
  }

  get id(): string {
    return this.trace.traceId;
  }

  get draining(): AbortSignal {
    return this.#surroundings.draining;
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#arm(new AbortController());
    return this.#controller.signal;
  }

  cancel(reason: unknown): void {
    if (this.#state.phase !== 'open') return;
    this.#disarm();
    this.#state = { phase: 'cancelled', reason };
    this.#controller?.abort(reason);
  }

  /** The signal stays as it is from here on. */
  leave(): void {
    if (this.#state.phase !== 'open') return;
    this.#disarm();
    this.#state = { phase: 'left' };
  }

  readonly #onEnded = (): void => this.cancel(this.#surroundings.ended.reason);

  #arm(controller: AbortController): AbortController {
    const { clock, ended } = this.#surroundings;
    const { deadline } = this;
    if (this.#state.phase === 'cancelled') controller.abort(this.#state.reason);
    if (this.#state.phase !== 'open') return controller;
    if (ended.aborted) {
      controller.abort(ended.reason);
      return controller;
    }
    ended.addEventListener('abort', this.#onEnded);
    if (deadline !== undefined) {
      const expire = () => this.cancel(errors.BP_REMOTE_DEADLINE({ deadline }));
      this.#timer = clock.after(Math.max(0, deadline - clock.now()), expire);
    }
    return controller;
  }

  #disarm(): void {
    this.#timer?.cancel();
    if (this.#controller !== undefined) this.#surroundings.ended.removeEventListener('abort', this.#onEnded);
  }
}

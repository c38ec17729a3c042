import type { Clock, ClockTimer } from '@backplane/base';
import type { Principal, TraceContext } from '@backplane/plugin-api';
import type { Call } from '@backplane/ports';
import { errors } from './errors.ts';
import { type DecodedCall, decodeCall, type WireCall } from './wire-call.ts';

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
 * Nothing is read, made or timed before somebody asks for it.
 */
export class ReceivedCall implements Call {
  readonly #wire: WireCall;
  #decoded: DecodedCall | undefined;
  readonly #surroundings: CallSurroundings;
  #state: State = { phase: 'open' };
  #controller: AbortController | undefined;
  #timer: ClockTimer | undefined;

  constructor(wire: WireCall, surroundings: CallSurroundings) {
    this.#wire = wire;
    this.#surroundings = surroundings;
  }

  get #said(): DecodedCall {
    this.#decoded ??= decodeCall(this.#wire);
    return this.#decoded;
  }

  /** Names the host's own call. */
  get token(): number {
    return this.#said.token;
  }

  get principal(): Principal {
    return this.#said.principal;
  }

  get trace(): TraceContext {
    return this.#said.trace;
  }

  get deadline(): number | undefined {
    return this.#said.deadline;
  }

  get generation(): number {
    return this.#said.generation;
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

  /** False once it has been left: what still runs on its behalf is on its own. */
  get open(): boolean {
    return this.#state.phase !== 'left';
  }

  cancel(reason: unknown): void {
    if (this.#state.phase !== 'open') return;
    this.#disarm();
    this.#state = { phase: 'cancelled', reason };
    this.#controller?.abort(reason);
  }

  /** The signal stays as it is from here on. */
  leave(): void {
    if (this.#state.phase === 'left') return;
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

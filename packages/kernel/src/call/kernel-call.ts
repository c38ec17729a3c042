import type { ClockTimer } from '@backplane/base';
import type { CallOptions, Principal, TraceContext } from '@backplane/plugin-api';
import type { Call, CallInit } from '@backplane/ports';
import type { InstanceView } from './instance-view.ts';
import { readTraceparent } from './trace-context.ts';

const ANONYMOUS: Principal = Object.freeze({ kind: 'anonymous', id: 'anonymous', roles: [], permissions: [] });

/** The host outlives every call. */
const NEVER = new AbortController().signal;

/** The principal of timers, consumers and the host itself. */
export const SYSTEM: Principal = Object.freeze({ kind: 'system', id: 'system', roles: [], permissions: [] });

/**
 * A call that is counted in its view from construction until `leave()`. Everything that costs (trace ids, abort signals) is made when
 * somebody first asks for it: most requests never do.
 */
export class KernelCall implements Call {
  readonly view: InstanceView;
  readonly principal: Principal;
  readonly deadline: number | undefined;
  /** How many lazy needs were followed to come here. */
  readonly depth: number;
  /** Neighbours in the view's list of calls. */
  older: KernelCall | undefined;
  newer: KernelCall | undefined;
  readonly #inherited: readonly AbortSignal[] | undefined;
  #traceparent: string | undefined;
  #trace: TraceContext | undefined;
  #abort: AbortController | undefined;
  #signal: AbortSignal | undefined;
  #deadlineTimer: ClockTimer | undefined;
  #cancelled: { readonly reason: unknown } | undefined;
  #open = true;
  #left = false;
  #holds = 0;

  constructor(view: InstanceView, init: CallInit | undefined, parent?: KernelCall, inherited?: AbortSignal[]) {
    this.view = view;
    this.principal = init?.principal ?? ANONYMOUS;
    this.deadline = init?.deadline;
    this.#traceparent = init?.traceparent;
    this.#trace = parent?.trace;
    this.depth = parent?.depth ?? 0;
    this.#inherited = inherited;
  }

  /** A call within this one that enters a view of its own and may have less time. Counted separately. */
  derive(view: InstanceView, options: CallOptions | undefined, lazy: boolean): KernelCall {
    const own = options?.timeout === undefined ? undefined : this.view.clock.now() + options.timeout;
    const deadline = own === undefined ? this.deadline : Math.min(own, this.deadline ?? own);
    const inherited = [this.signal];
    if (options?.signal) inherited.push(options.signal);
    const call = new KernelCall(view, { principal: this.principal, deadline }, this, inherited);
    if (lazy) (call as { depth: number }).depth = this.depth + 1;
    view.admit(call);
    return call;
  }

  get id(): string {
    return this.trace.traceId;
  }

  get trace(): TraceContext {
    this.#trace ??= readTraceparent(this.#traceparent);
    return this.#trace;
  }

  get generation(): number {
    return this.view.generation;
  }

  get draining(): AbortSignal {
    return this.view.primary?.draining ?? NEVER;
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      this.#abort = new AbortController();
      this.#signal = this.#inherited ? AbortSignal.any([this.#abort.signal, ...this.#inherited]) : this.#abort.signal;
      if (this.#cancelled) this.#abort.abort(this.#cancelled.reason);
      else if (this.deadline !== undefined && this.#open) this.#abortAt(this.deadline);
    }
    return this.#signal;
  }

  /** False once the call has been left: what still runs on its behalf is on its own. */
  get open(): boolean {
    return this.#open;
  }

  cancel(reason: unknown): void {
    if (this.#cancelled || !this.#open) return;
    this.#cancelled = { reason };
    this.#deadlineTimer?.cancel();
    this.#abort?.abort(reason);
  }

  /** Keeps the call going after `leave()`, until what it has set off has ended too. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    if (this.#left) this.leave();
  }

  leave(): void {
    this.#left = true;
    if (this.#holds > 0 || !this.#open) return;
    this.#open = false;
    this.#deadlineTimer?.cancel();
    this.view.dismiss(this);
  }

  #abortAt(deadline: number): void {
    this.#deadlineTimer = this.view.clock.after(Math.max(0, deadline - this.view.clock.now()), () =>
      this.cancel(new DOMException('The deadline passed.', 'TimeoutError')),
    );
  }
}

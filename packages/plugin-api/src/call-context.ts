/** Who calls. `anonymous` where nobody proved anything; `system` for timers, consumers and the host itself. */
export interface Principal {
  readonly kind: 'anonymous' | 'user' | 'service' | 'system';
  readonly id: string;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

/** W3C trace context of a call. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits: the span that made this call. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** What travels with every request, event, tick and service call, also into another thread or process. */
export interface CallContext {
  readonly principal: Principal;
  readonly trace: TraceContext;
  /** Milliseconds since the epoch after which nobody waits for the answer; `undefined` for never. */
  readonly deadline: number | undefined;
  /** Aborts when the caller has gone, the deadline has passed, or the drain limit of a replaced plugin is reached. */
  readonly signal: AbortSignal;
  /** Aborts when the plugin that serves this call is being replaced, or the host is stopping: end what is long-lived soon. */
  readonly draining: AbortSignal;
  /** The generation this call sees from beginning to end. */
  readonly generation: number;
}

/** What a single call may change in the context it inherits. */
export interface CallOptions {
  /** Milliseconds from now; never extends an inherited deadline. */
  readonly timeout?: number;
  /** Cancels this call, besides what is inherited. */
  readonly signal?: AbortSignal;
  /** The context to call in, in place of the current one. */
  readonly call?: CallContext;
}

/** Where the host puts its reader of the current call. Of use to the host only. */
export const CURRENT_CALL: unique symbol = Symbol.for('backplane.current-call') as never;
/** The method under which a service handle gives a copy of itself with other call options. Of use to the host only. */
export const WITH_OPTIONS: unique symbol = Symbol.for('backplane.with-options') as never;

/** The call that the running code serves; `undefined` outside any call, or once that call has ended. */
export function currentCall(): CallContext | undefined {
  return (globalThis as { [CURRENT_CALL]?: () => CallContext | undefined })[CURRENT_CALL]?.();
}

/** The same handle with a time limit, a signal or an explicit context for the calls made through it. */
export function withCallOptions<H extends object>(handle: H, options: CallOptions): H {
  return (handle as { [WITH_OPTIONS]?: (options: CallOptions) => H })[WITH_OPTIONS]?.(options) ?? handle;
}

import { baseErrors, findUncloneable, isBackplaneError, withTimeLimit } from '@backplane/base';
import type { CallContext, CallOptions } from '@backplane/plugin-api';
import type { CallInit, NeedData } from '@backplane/ports';
import { errors } from '../errors.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { activeCall, runWithCall } from './call-storage.ts';
import type { Binding, InstanceView } from './instance-view.ts';
import { isRemote } from './is-remote.ts';
import { KernelCall, SYSTEM } from './kernel-call.ts';
import { createServiceHandle } from './service-handle.ts';

/** Lazy calls may nest this deep before they are taken for endless. */
export const MAX_LAZY_DEPTH = 32;

/** The one way from a consumer to a service: finds the provider that the call sees, counts, checks, and calls. */
export class ServiceInvoker {
  readonly #checkCloneable: boolean;

  /** With `checkCloneable`, arguments and results that could not cross to another process are refused also inline. */
  constructor(options: { readonly checkCloneable: boolean }) {
    this.#checkCloneable = options.checkCloneable;
  }

  handle(consumer: Instance, need: NeedData): object {
    return createServiceHandle(need.serviceId, (method, args, options) =>
      this.#invoke(consumer, need, method, args, options),
    );
  }

  /** Calls a service within a call that has been entered already. */
  async call(call: KernelCall, binding: Binding, method: string, args: readonly unknown[]): Promise<unknown> {
    this.#check(binding, method, 'argument', args);
    call.view.beginNested();
    try {
      const result = await this.#dispatch(call, binding, method, args);
      this.#check(binding, method, 'result', result);
      return result;
    } finally {
      call.view.endNested();
    }
  }

  #dispatch(call: CallContext, binding: Binding, method: string, args: readonly unknown[]): unknown {
    const { target, provider, serviceId } = binding;
    if (provider?.phase === 'ended') {
      const { name: plugin, version } = provider.identity;
      throw errors.BP_CALL_DRAINED({ plugin, version, limitMs: provider.data.limits.drain });
    }
    if (isRemote(target)) return target.invoke(method, args, call);
    const implementation = (target as Record<string, unknown>)[method];
    if (typeof implementation !== 'function' || method === 'constructor' || method in Object.prototype) {
      throw baseErrors.BP_METHOD_MISSING({ service: serviceId, method, provider: provider?.identity.name ?? 'host' });
    }
    return implementation.apply(target, args);
  }

  #invoke(
    consumer: Instance,
    need: NeedData,
    method: string,
    args: readonly unknown[],
    options: CallOptions | undefined,
  ): Promise<unknown> {
    const call = options?.call ?? activeCall();
    if (call instanceof KernelCall && call.open && options === undefined && need.mode !== 'lazy') {
      const binding = call.view.binding(need.serviceId);
      if (binding !== undefined && (call.deadline === undefined || consumer.clock.now() < call.deadline)) {
        return this.call(call, binding, method, args);
      }
    }
    return this.#invokeDerived(consumer, need, method, args, options, call);
  }

  async #invokeDerived(
    consumer: Instance,
    need: NeedData,
    method: string,
    args: readonly unknown[],
    options: CallOptions | undefined,
    parent: CallContext | undefined,
  ): Promise<unknown> {
    const { serviceId } = need;
    const { name: plugin, version } = consumer.identity;
    if (consumer.view === undefined) {
      if (consumer.phase === 'ended') throw errors.BP_INSTANCE_GONE({ plugin, version });
      throw errors.BP_CALL_BEFORE_START({ plugin, service: serviceId, method });
    }
    const deadline = deadlineOf(parent, options, consumer.clock.now());
    const { view, binding } = await this.#find(consumer, need, parent, (back) =>
      deadline === undefined
        ? back
        : withTimeLimit(
            consumer.clock,
            Math.max(0, deadline - consumer.clock.now()),
            () => back,
            () => errors.BP_DEADLINE_EXCEEDED({ service: serviceId, method }),
          ),
    );
    const lazy = need.mode === 'lazy';
    const call =
      parent instanceof KernelCall && parent.open
        ? parent.derive(view, options, lazy)
        : enterFrom(view, parent, options, consumer.clock.now());
    try {
      if (call.depth > MAX_LAZY_DEPTH)
        throw errors.BP_CALL_TOO_DEEP({ service: serviceId, method, limit: MAX_LAZY_DEPTH });
      if (call.deadline !== undefined && consumer.clock.now() >= call.deadline) {
        throw errors.BP_DEADLINE_EXCEEDED({ service: serviceId, method });
      }
      const work = runWithCall(call, () => this.call(call, binding, method, args));
      return options?.timeout === undefined && options?.signal === undefined
        ? await work
        : await raceSignal(work, call.signal, serviceId, method);
    } finally {
      call.leave();
    }
  }

  /** The provider in the call's own view; where that does not reach it, in the consumer's newest one. Waits out a stop-first gap. */
  async #find(
    consumer: Instance,
    need: NeedData,
    parent: CallContext | undefined,
    waitFor: (back: Promise<void>) => Promise<void>,
  ): Promise<{ view: InstanceView; binding: Binding }> {
    const { serviceId } = need;
    for (let attempt = 0; attempt < 2; attempt++) {
      if (attempt === 0 && parent instanceof KernelCall && parent.open) {
        const binding = parent.view.binding(serviceId);
        if (binding) return { view: parent.view, binding };
      }
      const { view } = consumer;
      const binding = view?.binding(serviceId);
      if (view && binding) return { view, binding };
      const back = consumer.gapOf(serviceId);
      if (back === undefined) break;
      await waitFor(back);
    }
    throw errors.BP_SERVICE_UNAVAILABLE({ plugin: consumer.identity.name, service: serviceId });
  }

  #check(binding: Binding, method: string, side: 'argument' | 'result', value: unknown): void {
    if (!this.#checkCloneable || binding.provider === undefined) return;
    const found = findUncloneable(value);
    if (!found) return;
    const { serviceId: service } = binding;
    const what = `${side === 'argument' ? 'An argument' : 'The result'} of ${service}.${method}()`;
    throw baseErrors.BP_NOT_CLONEABLE({ what, service, method, ...found });
  }
}

/** What is left of an inherited deadline, or less. */
function deadlineOf(
  parent: CallContext | undefined,
  options: CallOptions | undefined,
  now: number,
): number | undefined {
  if (options?.timeout === undefined) return parent?.deadline;
  const own = now + options.timeout;
  return Math.min(own, parent?.deadline ?? own);
}

/** A call that begins outside any other, or in one that came from another thread or process. */
function enterFrom(
  view: InstanceView,
  parent: CallContext | undefined,
  options: CallOptions | undefined,
  now: number,
): KernelCall {
  const inherited = [parent?.signal, options?.signal].filter((signal) => signal !== undefined);
  const trace = parent?.trace;
  const init: CallInit = {
    principal: parent?.principal ?? SYSTEM,
    deadline: deadlineOf(parent, options, now),
    traceparent: trace && `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`,
  };
  const call = new KernelCall(view, init, undefined, inherited.length > 0 ? inherited : undefined);
  view.admit(call);
  return call;
}

/** The caller stops waiting when the signal aborts; the work itself goes on, counted, until it ends. */
function raceSignal(work: Promise<unknown>, signal: AbortSignal, service: string, method: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      const { reason } = signal;
      if (isBackplaneError(reason)) reject(reason);
      else if (reason instanceof DOMException && reason.name === 'TimeoutError') {
        reject(errors.BP_DEADLINE_EXCEEDED({ service, method }, { cause: reason }));
      } else reject(errors.BP_CALL_CANCELLED({ service, method }, { cause: reason }));
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

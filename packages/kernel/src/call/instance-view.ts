import type { Clock } from '@backplane/base';
import type { CallInit, RemoteService, View } from '@backplane/ports';
import { errors } from '../errors.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { KernelCall } from './kernel-call.ts';

/** A service as one view sees it. */
export interface Binding {
  /** `undefined` for a service that the operator registered. */
  readonly provider: Instance | undefined;
  readonly serviceId: string;
  readonly target: object | RemoteService;
}

/**
 * The instances that an entry may reach, fixed at one moment. While a call is in it, none of them is disposed (docs/decisions/0001-views.md).
 * Equal views of successive generations are one object.
 */
export class InstanceView implements View {
  readonly key: string;
  readonly generation: number;
  /** The entry that answers; its draining and ending is the call's. `undefined` where only the host itself answers. */
  readonly primary: Instance | undefined;
  readonly clock: Clock;
  readonly instances: readonly Instance[];
  readonly #hostServices: ReadonlyMap<string, object>;
  /** The newest of the calls inside, linked to the others: a set costs as much as all the rest of entering. */
  #newest: KernelCall | undefined;
  #inFlight = 0;
  #nested = 0;
  #phase: 'current' | 'retired' | 'released' = 'current';
  #bindings: Map<string, Binding> | undefined;

  constructor(
    key: string,
    generation: number,
    instances: readonly Instance[],
    primary: Instance | undefined,
    clock: Clock,
    hostServices: ReadonlyMap<string, object>,
  ) {
    this.key = key;
    this.generation = generation;
    this.primary = primary;
    this.clock = clock;
    this.instances = instances;
    this.#hostServices = hostServices;
    for (const instance of instances) instance.hold(this);
  }

  enter(init?: CallInit): KernelCall {
    const call = new KernelCall(this, init);
    this.admit(call);
    return call;
  }

  admit(call: KernelCall): void {
    if (this.#phase === 'released') {
      const { name: plugin, version } = this.primary?.identity ?? { name: 'host', version: '' };
      throw errors.BP_INSTANCE_GONE({ plugin, version });
    }
    call.older = this.#newest;
    if (this.#newest !== undefined) this.#newest.newer = call;
    this.#newest = call;
    this.#inFlight++;
  }

  dismiss(call: KernelCall): void {
    const { older, newer } = call;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older !== undefined) older.newer = newer;
    call.older = undefined;
    call.newer = undefined;
    this.#inFlight--;
    if (this.#phase === 'retired') this.#releaseWhenEmpty();
  }

  /** Counts a service call within a call, which may outlive it. */
  beginNested(): void {
    this.#nested++;
  }

  endNested(): void {
    this.#nested--;
    if (this.#phase === 'retired') this.#releaseWhenEmpty();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  binding(serviceId: string): Binding | undefined {
    if (this.#bindings === undefined) {
      this.#bindings = new Map();
      for (const [id, target] of this.#hostServices)
        this.#bindings.set(id, { provider: undefined, serviceId: id, target });
      for (const instance of this.instances) {
        for (const [id, target] of instance.services)
          this.#bindings.set(id, { provider: instance, serviceId: id, target });
      }
    }
    return this.#bindings.get(serviceId);
  }

  /** Says that no new call will come; lets go of the instances when the last one has left. */
  retire(): void {
    if (this.#phase !== 'current') return;
    this.#phase = 'retired';
    this.#releaseWhenEmpty();
  }

  /** What an instance on its way out may still reach: neither itself nor what is on its way out before it. */
  without(leaving: Instance): InstanceView {
    const staying = this.instances.filter(({ phase }) => phase !== 'draining' && phase !== 'ended');
    const key = `${this.key} (leaving)`;
    return new InstanceView(key, this.generation, staying, leaving, this.clock, this.#hostServices);
  }

  /** Cancels what is still in flight. */
  cancelCalls(reason: unknown): void {
    const calls: KernelCall[] = [];
    for (let call = this.#newest; call !== undefined; call = call.older) calls.push(call);
    // Calls may leave because one is cancelled.
    for (const call of calls) call.cancel(reason);
  }

  #releaseWhenEmpty(): void {
    if (this.#inFlight > 0 || this.#nested > 0) return;
    this.#phase = 'released';
    for (const instance of this.instances) instance.release(this);
  }
}

import { type Clock, messageOf, newTraceId } from '@backplane/base';
import type { CallContext, EventHandler, EventService, EventType, PluginEvent } from '@backplane/plugin-api';
import type { Entrances, GenerationPart } from '@backplane/ports';
import { activeCall, runWithCall } from '../call/call-storage.ts';
import type { InstanceView } from '../call/instance-view.ts';
import { KernelCall, SYSTEM } from '../call/kernel-call.ts';
import { errors } from '../errors.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { Delivery } from './delivery.ts';
import { compilePattern, isEventType } from './event-pattern.ts';
import { SubscriptionList } from './subscription-list.ts';

/** Types whose receivers are remembered, for each generation: publishers choose types, and must not choose how much is kept. */
const MOST_TYPES = 1000;

/** Who subscribes in one generation. */
export interface EventTable {
  readonly instances: readonly Instance[];
  /** Receivers by type, as of `changes`. */
  readonly receivers: Map<string, readonly Receiver[]>;
  changes: number;
}

/** A method of a plugin that was registered for a type of event from outside. */
export interface StoredSubscription {
  readonly plugin: string;
  readonly pattern: string;
  hear(instance: Instance, event: PluginEvent, call: CallContext): unknown;
}

interface Receiver {
  readonly instance: Instance;
  readonly handler: EventHandler;
}

export interface EventBusOptions {
  readonly clock: Clock;
  readonly entrances: Pick<Entrances, 'part'>;
  /** Throws where the data could not cross to another process. Where it is checked, events are frozen as well. */
  readonly checkData?: ((type: string, data: unknown) => void) | undefined;
}

const DONE = Promise.resolve();

/** Events inside one host. A publish reaches those who subscribe in the generation of that moment. */
export class EventBus {
  readonly part: GenerationPart<EventTable>;
  /** Since the start of the host. */
  readonly counts = { published: 0, delivered: 0, failed: 0 };
  readonly #options: EventBusOptions;
  readonly #lists = new WeakMap<Instance, SubscriptionList>();
  readonly #idPrefix = `${newTraceId()}-`;
  #stored: readonly (StoredSubscription & { readonly matches: (type: string) => boolean })[] = [];
  #lastId = 0;
  #now = { at: Number.NaN, text: '' };
  #changes = 0;

  constructor(options: EventBusOptions) {
    this.#options = options;
    this.part = {
      key: 'events',
      build: ({ instances }) => ({
        instances: instances as readonly Instance[],
        receivers: new Map(),
        changes: this.#changes,
      }),
    };
  }

  /** Methods that were registered from outside, in place of those before, in the order in which they are called. */
  store(subscriptions: readonly StoredSubscription[]): void {
    this.#stored = subscriptions.flatMap((one) => {
      const matches = compilePattern(one.pattern);
      return matches === undefined ? [] : [{ ...one, matches }];
    });
    this.#changes++;
  }

  /** The bus as one plugin sees it. */
  facet(instance: Instance): EventService {
    const plugin = instance.identity.name;
    return {
      publish: (type, data, options) => this.publish(nameOf(type), data, options?.source ?? plugin),
      subscribe: (pattern, handler) => this.#subscribe(instance, nameOf(pattern), handler as EventHandler),
    };
  }

  /**
   * Within a call, in that call: it lasts until all have ended, whether the publisher waits for them or not. Outside of any, in one of the
   * system's.
   * @throws BP_EVENT_TYPE, BP_NOT_CLONEABLE
   */
  publish(type: string, data: unknown, source: string): Promise<void> {
    try {
      const receivers = this.#receivers(type, source);
      this.#options.checkData?.(type, data);
      this.counts.published++;
      const [first] = receivers;
      if (first === undefined) return DONE;
      const event: PluginEvent = { id: this.#nextId(), type, source, time: this.#time(), data };
      if (this.#options.checkData !== undefined) Object.freeze(event);
      const call = activeCall();
      if (call instanceof KernelCall) return this.#deliver(receivers, event, call);
      const own = (first.instance.view as InstanceView).enter({ principal: SYSTEM });
      const delivered = runWithCall(own, () => this.#deliver(receivers, event, own));
      own.leave();
      return delivered;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Patterns that the plugins of the current generation subscribe to. */
  subscriptions(): { readonly plugin: string; readonly pattern: string }[] {
    return this.#options.entrances
      .part(this.part)
      .instances.flatMap((instance) =>
        [...(this.#lists.get(instance) ?? [])].map(({ pattern }) => ({ plugin: instance.identity.name, pattern })),
      );
  }

  /** Nothing is swapped while handlers are called one after the other; those that go on keep their instances, and the call. */
  #deliver(receivers: readonly Receiver[], event: PluginEvent, call: KernelCall): Promise<void> {
    let delivery: Delivery | undefined;
    for (const receiver of receivers) {
      try {
        const result = receiver.handler(event, call);
        if (isThenable(result)) {
          // What is no promise of ours may never call back, or call twice.
          const work = Promise.resolve(result);
          delivery ??= new Delivery(call, this.counts);
          delivery.add(work, receiver.instance.view as InstanceView, (error) => this.#failed(receiver, event, error));
        } else this.counts.delivered++;
      } catch (error) {
        this.#failed(receiver, event, error);
      }
    }
    return delivery === undefined ? DONE : delivery.ended;
  }

  #failed({ instance }: Receiver, event: PluginEvent, error: unknown): void {
    this.counts.failed++;
    const text = `The handler of event ${event.type} failed: ${messageOf(error)}`;
    instance.logger.error(text, { event_type: event.type, event_id: event.id, error });
  }

  #nextId(): string {
    this.#lastId++;
    return `${this.#idPrefix}${this.#lastId}`;
  }

  /** The text of a millisecond is made once. */
  #time(): string {
    const now = this.#options.clock.now();
    if (now !== this.#now.at) this.#now = { at: now, text: new Date(now).toISOString() };
    return this.#now.text;
  }

  #subscribe(instance: Instance, pattern: string, handler: EventHandler) {
    const plugin = instance.identity.name;
    const matches = compilePattern(pattern);
    if (matches === undefined) throw errors.BP_EVENT_PATTERN({ plugin, pattern: String(pattern).slice(0, 255) });
    const subscription = { pattern, matches, handler };
    const list = this.#listOf(instance);
    const effect = instance.scope.add(`event ${pattern}`, () => list.delete(subscription));
    list.add(subscription);
    return effect;
  }

  #receivers(type: string, source: string): readonly Receiver[] {
    const table = this.#options.entrances.part(this.part);
    if (table.changes !== this.#changes) {
      table.receivers.clear();
      table.changes = this.#changes;
    }
    let found = table.receivers.get(type);
    if (found === undefined) {
      if (!isEventType(type)) throw errors.BP_EVENT_TYPE({ type: String(type).slice(0, 255), source });
      if (table.receivers.size >= MOST_TYPES) table.receivers.clear();
      found = table.instances.flatMap((instance) =>
        [...(this.#lists.get(instance) ?? [])]
          .filter(({ matches }) => matches(type))
          .map(({ handler }) => ({ instance, handler })),
      );
      if (this.#stored.length > 0) found = [...found, ...this.#storedReceivers(table.instances, type)];
      table.receivers.set(type, found);
    }
    return found;
  }

  #storedReceivers(instances: readonly Instance[], type: string): Receiver[] {
    const running = new Map(instances.map((instance) => [instance.identity.name, instance]));
    return this.#stored.flatMap(({ plugin, matches, hear }) => {
      const instance = running.get(plugin);
      if (instance === undefined || !matches(type)) return [];
      return [{ instance, handler: (event, call) => hear(instance, event, call) as Promise<void> }];
    });
  }

  #listOf(instance: Instance): SubscriptionList {
    let list = this.#lists.get(instance);
    if (list === undefined) {
      list = new SubscriptionList(() => {
        this.#changes++;
      });
      this.#lists.set(instance, list);
    }
    return list;
  }
}

const nameOf = (type: string | EventType<never> | EventType<unknown>): string =>
  typeof type === 'string' ? type : type.type;

const isThenable = (value: unknown): value is PromiseLike<void> =>
  value instanceof Promise ||
  (typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function');

import { randomUUID } from 'node:crypto';
import { type Clock, messageOf } from '@backplane/base';
import type { EventHandler, EventService, EventType, PluginEvent } from '@backplane/plugin-api';
import type { CallInit, Entrances, GenerationPart } from '@backplane/ports';
import { activeCall, runWithCall } from '../call/call-storage.ts';
import type { InstanceView } from '../call/instance-view.ts';
import { type KernelCall, SYSTEM } from '../call/kernel-call.ts';
import { errors } from '../errors.ts';
import type { Instance } from '../lifecycle/instance.ts';
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

interface Receiver {
  readonly instance: Instance;
  readonly handler: EventHandler;
}

export interface EventBusOptions {
  readonly clock: Clock;
  readonly entrances: Pick<Entrances, 'part'>;
  /** Throws where the data could not cross to another process. */
  readonly checkData: (type: string, data: unknown) => void;
}

/** Events inside one host. A publish reaches those who subscribe in the generation of that moment, each counted in before the first is called. */
export class EventBus {
  readonly part: GenerationPart<EventTable>;
  /** Since the start of the host. */
  readonly counts = { published: 0, delivered: 0, failed: 0 };
  readonly #options: EventBusOptions;
  readonly #lists = new WeakMap<Instance, SubscriptionList>();
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

  /** The bus as one plugin sees it. */
  facet(instance: Instance): EventService {
    const plugin = instance.identity.name;
    return {
      publish: (type, data, options) => this.publish(nameOf(type), data, options?.source ?? plugin),
      subscribe: (pattern, handler) => this.#subscribe(instance, nameOf(pattern), handler as EventHandler),
    };
  }

  /** @throws BP_EVENT_TYPE, BP_NOT_CLONEABLE */
  async publish(type: string, data: unknown, source: string): Promise<void> {
    if (!isEventType(type)) throw errors.BP_EVENT_TYPE({ type: String(type).slice(0, 255), source });
    this.counts.published++;
    const receivers = this.#receivers(type);
    this.#options.checkData(type, data);
    if (receivers.length === 0) return;
    const event: PluginEvent = Object.freeze({
      id: randomUUID(),
      type,
      source,
      time: new Date(this.#options.clock.now()).toISOString(),
      data,
    });
    const init = initFrom(activeCall());
    const [only] = receivers;
    if (receivers.length === 1 && only !== undefined) return this.#deliver(only, enter(only, init), event);
    // All are counted in before the first is called, so that nobody is disposed while others work.
    const calls = receivers.map((receiver) => enter(receiver, init));
    await Promise.all(receivers.map((receiver, index) => this.#deliver(receiver, calls[index] as KernelCall, event)));
  }

  /** Patterns that the plugins of the current generation subscribe to. */
  subscriptions(): { readonly plugin: string; readonly pattern: string }[] {
    return this.#options.entrances
      .part(this.part)
      .instances.flatMap((instance) =>
        [...(this.#lists.get(instance) ?? [])].map(({ pattern }) => ({ plugin: instance.identity.name, pattern })),
      );
  }

  async #deliver(receiver: Receiver, call: KernelCall, event: PluginEvent): Promise<void> {
    try {
      await runWithCall(call, () => receiver.handler(event, call));
      this.counts.delivered++;
    } catch (error) {
      this.counts.failed++;
      const text = `The handler of event ${event.type} failed: ${messageOf(error)}`;
      receiver.instance.logger.error(text, { event_type: event.type, event_id: event.id, error });
    } finally {
      call.leave();
    }
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

  #receivers(type: string): readonly Receiver[] {
    const table = this.#options.entrances.part(this.part);
    if (table.changes !== this.#changes) {
      table.receivers.clear();
      table.changes = this.#changes;
    }
    let found = table.receivers.get(type);
    if (found === undefined) {
      if (table.receivers.size >= MOST_TYPES) table.receivers.clear();
      found = table.instances.flatMap((instance) =>
        [...(this.#lists.get(instance) ?? [])]
          .filter(({ matches }) => matches(type))
          .map(({ handler }) => ({ instance, handler })),
      );
      table.receivers.set(type, found);
    }
    return found;
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

/** Into what the receiver sees in the newest generation, which is that of the table. */
const enter = ({ instance }: Receiver, init: CallInit): KernelCall => (instance.view as InstanceView).enter(init);

/** Whoever hears acts for whoever caused the event, in the same trace, and in time of its own. */
function initFrom(parent: ReturnType<typeof activeCall>): CallInit {
  if (parent === undefined) return { principal: SYSTEM };
  const { traceId, spanId, sampled } = parent.trace;
  return { principal: parent.principal, traceparent: `00-${traceId}-${spanId}-${sampled ? '01' : '00'}` };
}

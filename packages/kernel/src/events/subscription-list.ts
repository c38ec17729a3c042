import type { EventHandler } from '@backplane/plugin-api';
import type { TypeTest } from './event-pattern.ts';

/** One wish to hear events. */
export interface Subscription {
  readonly pattern: string;
  readonly matches: TypeTest;
  readonly handler: EventHandler;
}

/** The subscriptions of one instance, in the order in which they were made. */
export class SubscriptionList {
  readonly #subscriptions = new Set<Subscription>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  add(subscription: Subscription): void {
    this.#subscriptions.add(subscription);
    this.#changed();
  }

  delete(subscription: Subscription): void {
    this.#subscriptions.delete(subscription);
    this.#changed();
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  [Symbol.iterator](): IterableIterator<Subscription> {
    return this.#subscriptions.values();
  }
}

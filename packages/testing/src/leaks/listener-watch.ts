import type { EventEmitter } from 'node:events';
import { isOfRunner, type Origin, originHere, placesOf } from './origin.ts';

interface Listening {
  readonly event: string | symbol;
  readonly listener: object;
  readonly origin: Origin;
}

/** Knows who has begun to listen to the process, and where. */
export class ListenerWatch implements Disposable {
  readonly #emitter: EventEmitter;
  readonly #listening: Listening[] = [];
  readonly #onNew = (event: string | symbol, listener: object) => {
    this.#listening.push({ event, listener, origin: originHere(this.#onNew) });
  };

  constructor(emitter: EventEmitter) {
    this.#emitter = emitter;
    emitter.on('newListener', this.#onNew);
  }

  left(): string[] {
    return this.#listening.flatMap(({ event, listener, origin }) => {
      const places = placesOf(origin);
      const listens = this.#emitter.listeners(event).some((known) => known === listener);
      if (!listens || places.length === 0 || isOfRunner(places)) return [];
      return [`listener of the process for "${String(event)}", added at ${places.slice(0, 3).join(', called at ')}`];
    });
  }

  [Symbol.dispose](): void {
    this.#emitter.off('newListener', this.#onNew);
  }
}

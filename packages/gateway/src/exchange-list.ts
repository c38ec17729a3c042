import type { Exchange } from './exchange.ts';

/** The requests being served. Linked through them: a set would cost more than all other bookkeeping of a request. */
export class ExchangeList implements Iterable<Exchange> {
  #last: Exchange | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(exchange: Exchange): void {
    exchange.previous = this.#last;
    if (this.#last !== undefined) this.#last.following = exchange;
    this.#last = exchange;
    this.#size++;
  }

  remove(exchange: Exchange): void {
    const { previous, following } = exchange;
    if (previous !== undefined) previous.following = following;
    if (following !== undefined) following.previous = previous;
    else this.#last = previous;
    exchange.previous = undefined;
    exchange.following = undefined;
    this.#size--;
  }

  /** Those that are served now: exchanges may leave while one iterates. */
  [Symbol.iterator](): Iterator<Exchange> {
    const all: Exchange[] = [];
    for (let exchange = this.#last; exchange !== undefined; exchange = exchange.previous) all.push(exchange);
    return all.values();
  }
}

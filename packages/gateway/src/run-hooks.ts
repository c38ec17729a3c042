import { Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { Layer } from './layer.ts';
import { failureOf, noAnswer } from './middleware-failure.ts';

/**
 * Runs the hooks of the layers from `from` to `until` around `inner`, without a promise of their own unless one of them gives one.
 * What fails is an ordinary answer for those further out. Rejects only when the client has gone.
 */
export function runHooks(
  exchange: Exchange,
  from: number,
  until: number,
  inner: () => Promise<Answer>,
): Promise<Answer> {
  return new HookRun(exchange, from, until, inner).enter(from);
}

type HookLayer = Layer & { readonly kind: 'hooks' };

class HookRun {
  readonly #exchange: Exchange;
  readonly #from: number;
  readonly #until: number;
  readonly #inner: () => Promise<Answer>;

  constructor(exchange: Exchange, from: number, until: number, inner: () => Promise<Answer>) {
    this.#exchange = exchange;
    this.#from = from;
    this.#until = until;
    this.#inner = inner;
  }

  enter(index: number): Promise<Answer> {
    for (let at = index; at < this.#until; at++) {
      const layer = this.#layer(at);
      let given: unknown;
      try {
        given = layer.definition.onRequest?.(this.#exchange);
      } catch (thrown) {
        return Promise.resolve(this.#leave(at - 1, this.#problem(thrown, layer)));
      }
      if (given === undefined) continue;
      if (isPromise(given)) return this.#enterLater(at, given);
      return Promise.resolve(this.#answered(at, given));
    }
    return this.#inner().then(this.#leaveWith);
  }

  /** Goes on from a hook that gave a promise, in one function for all that follow: a function for each would double what they cost. */
  async #enterLater(at: number, given: PromiseLike<unknown>): Promise<Answer> {
    let pending: unknown = given;
    for (let index = at; ; ) {
      try {
        const answer = await pending;
        if (answer !== undefined) return this.#answered(index, answer);
        do {
          index++;
          if (index === this.#until) return this.#leaveWith(await this.#inner());
          pending = this.#layer(index).definition.onRequest?.(this.#exchange);
        } while (pending === undefined);
      } catch (thrown) {
        if (index === this.#until) throw thrown;
        return this.#leave(index - 1, this.#problem(thrown, this.#layer(index)));
      }
    }
  }

  /** A hook has answered: those further out see it leave. */
  #answered(at: number, given: unknown): Answer | Promise<Answer> {
    const layer = this.#layer(at);
    return this.#leave(at - 1, given instanceof Answer ? given : this.#problem(noAnswer(layer), layer));
  }

  readonly #leaveWith = (answer: Answer): Answer | Promise<Answer> => this.#leave(this.#until - 1, answer);

  #leave(index: number, answer: Answer): Answer | Promise<Answer> {
    let current = answer;
    for (let at = index; at >= this.#from; at--) {
      const layer = this.#layer(at);
      try {
        const given = layer.definition.onResponse?.(this.#exchange, current);
        if (isPromise(given)) return this.#leaveLater(at, given, current);
      } catch (thrown) {
        current = this.#replace(current, thrown, layer);
      }
    }
    return current;
  }

  async #leaveLater(at: number, given: PromiseLike<unknown>, answer: Answer): Promise<Answer> {
    let current = answer;
    let pending: unknown = given;
    for (let index = at; index >= this.#from; index--) {
      try {
        if (index !== at) pending = this.#layer(index).definition.onResponse?.(this.#exchange, current);
        if (pending !== undefined) await pending;
      } catch (thrown) {
        current = this.#replace(current, thrown, this.#layer(index));
      }
    }
    return current;
  }

  #replace(answer: Answer, thrown: unknown, layer: Layer): Answer {
    const problem = this.#problem(thrown, layer);
    // What has left already goes on as it is.
    return answer.committed ? answer : problem;
  }

  #problem(thrown: unknown, layer: Layer): Answer {
    return this.#exchange.middlewareFailed(failureOf(thrown, layer), layer);
  }

  #layer(index: number): HookLayer {
    return this.#exchange.layers[index] as HookLayer;
  }
}

function isPromise(given: unknown): given is PromiseLike<unknown> {
  return typeof given === 'object' && given !== null && 'then' in given;
}

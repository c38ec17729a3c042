import { isBackplaneError, messageOf } from '@backplane/base';
import type { GatewayResponse } from '@backplane/plugin-api';
import { Answer } from './answer.ts';
import { errors } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { Layer } from './layer.ts';

/** One middleware at work on one request. */
export class Step {
  /** What `next()` gave. */
  #given: Promise<GatewayResponse> | undefined;
  readonly #exchange: Exchange;
  readonly #index: number;
  readonly #outer: Step | undefined;

  constructor(exchange: Exchange, index: number, outer: Step | undefined) {
    this.#exchange = exchange;
    this.#index = index;
    this.#outer = outer;
  }

  /** Sees to it that what `next()` gave may reject, here and further out, though the middleware has stopped waiting for it. */
  expectRejection(): void {
    this.#given?.catch(() => {});
    this.#outer?.expectRejection();
  }

  async run(): Promise<Answer> {
    const layer = this.#exchange.layers[this.#index] as Layer;
    try {
      const answer = await layer.definition.handle(this.#exchange, () => this.#next(layer));
      if (answer instanceof Answer) return answer;
      const got = answer === null ? 'null' : typeof answer;
      throw errors.BP_MIDDLEWARE_NO_ANSWER({ plugin: layer.plugin, middleware: layer.name, got });
    } catch (thrown) {
      if (this.#exchange.gone) throw thrown;
      return this.#exchange.middlewareFailed(failureOf(thrown, layer), layer);
    }
  }

  #next(layer: Layer): Promise<GatewayResponse> {
    if (this.#given !== undefined) {
      const twice = Promise.reject(errors.BP_MIDDLEWARE_NEXT_TWICE({ plugin: layer.plugin, middleware: layer.name }));
      twice.catch(() => {});
      return twice;
    }
    this.#given = enter(this.#exchange, this.#index + 1, this);
    return this.#given;
  }
}

function enter(exchange: Exchange, index: number, outer: Step | undefined): Promise<Answer> {
  if (index === exchange.layers.length) return exchange.reach(outer);
  return new Step(exchange, index, outer).run();
}

/**
 * Sends a request through the onion, outermost first. Settles when the outermost middleware has returned; what fails on the way is an
 * ordinary answer for everything further out. Rejects only when the client has gone.
 */
export const passThrough = (exchange: Exchange): Promise<Answer> => enter(exchange, 0, undefined);

/** An error that middleware throws with a code of its own below 500 is its answer; any other is its failure. */
function failureOf(thrown: unknown, { plugin, name }: Layer): unknown {
  if (isBackplaneError(thrown) && (thrown.status < 500 || thrown.code.startsWith('BP_MIDDLEWARE_'))) return thrown;
  return errors.BP_MIDDLEWARE_FAILED({ plugin, middleware: name, problem: messageOf(thrown) }, { cause: thrown });
}

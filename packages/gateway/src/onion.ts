import { Answer } from './answer.ts';
import { errors } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { Layer } from './layer.ts';
import { failureOf, noAnswer } from './middleware-failure.ts';
import { runHooks } from './run-hooks.ts';

/**
 * One middleware at work on one request. What an author's `handle` promises is passed on with one reaction and nothing else: this is
 * the hot path of every request, and what is wrong with an answer is found out only when something has failed.
 */
export class Step {
  /** The next middleware further out; `undefined` for the outermost. */
  readonly outer: Step | undefined;
  /** What `next()` of the outer one gave. */
  answer: Promise<Answer> | undefined = undefined;
  readonly layer: Layer & { readonly kind: 'around' };
  readonly #exchange: Exchange;
  readonly #index: number;
  #calledNext = false;

  constructor(exchange: Exchange, index: number, layer: Layer & { readonly kind: 'around' }, outer: Step | undefined) {
    this.layer = layer;
    this.#exchange = exchange;
    this.#index = index;
    this.outer = outer;
    exchange.innermost = this;
  }

  run(): Promise<Answer> {
    let given: Promise<Answer>;
    try {
      given = Promise.resolve(this.layer.definition.handle(this.#exchange, this.#next) as Promise<Answer>);
    } catch (thrown) {
      given = Promise.reject(thrown);
    }
    this.answer = given.then(undefined, this.#failed);
    return this.answer;
  }

  readonly #next = (): Promise<Answer> => {
    if (this.#calledNext) return this.#refuseSecondCall();
    this.#calledNext = true;
    return enter(this.#exchange, this.#index + 1, this);
  };

  /** What failed here is an ordinary answer further out. */
  readonly #failed = async (thrown: unknown): Promise<Answer> => {
    const exchange = this.#exchange;
    if (exchange.gone) throw thrown;
    const { layer } = (await stepWithoutAnswer(exchange.innermost, this)) ?? { layer: undefined };
    if (layer !== undefined) return exchange.middlewareFailed(noAnswer(layer), layer);
    return exchange.middlewareFailed(failureOf(thrown, this.layer), this.layer);
  };

  #refuseSecondCall(): Promise<never> {
    const { plugin, name } = this.layer;
    const refused = Promise.reject(errors.BP_MIDDLEWARE_NEXT_TWICE({ plugin, middleware: name }));
    refused.catch(() => {});
    return refused;
  }
}

function enter(exchange: Exchange, index: number, outer: Step | undefined): Promise<Answer> {
  const layer = exchange.layers[index];
  if (layer === undefined) return exchange.reach();
  if (layer.kind === 'around') return new Step(exchange, index, layer, outer).run();
  const passed = runHooks(exchange, index, layer.until, () => enter(exchange, layer.until, outer));
  // An outer middleware may have stopped waiting when this is rejected.
  if (outer !== undefined) passed.catch(() => {});
  return passed;
}

/**
 * Sends a request through the onion, outermost first. Settles when the outermost middleware has returned, though not always with an
 * answer: see `failureWithoutAnswer`. Rejects only when the client has gone.
 */
export const passThrough = (exchange: Exchange): Promise<Answer> => enter(exchange, 0, undefined);

/** Says which middleware returned something else than an answer, where the outermost one gave that. */
export async function failureWithoutAnswer(
  innermost: Step | undefined,
): Promise<{ error: Error; layer: Layer } | undefined> {
  const step = await stepWithoutAnswer(innermost, undefined);
  return step && { error: noAnswer(step.layer), layer: step.layer };
}

/** Middleware that has stopped waiting for `next()` must not turn its rejection into one that nobody handles. */
export function expectRejections(innermost: Step | undefined): void {
  for (let step = innermost; step !== undefined; step = step.outer) step.answer?.catch(() => {});
}

const PENDING = Symbol('pending');

/** The innermost of the steps within `until` that has returned no answer. */
async function stepWithoutAnswer(innermost: Step | undefined, until: Step | undefined): Promise<Step | undefined> {
  for (let step = innermost; step !== undefined && step !== until; step = step.outer) {
    const given: unknown = await Promise.race([step.answer, PENDING]);
    if (given !== PENDING && !(given instanceof Answer)) return step;
  }
  return undefined;
}

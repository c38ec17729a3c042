import { type Clock, withTimeLimit } from '@backplane/base';
import type { ExtensionPointType } from '@backplane/plugin-api';
import type { InstanceView } from '../call/instance-view.ts';
import { errors } from '../errors.ts';
import { compileDispatch } from './compile-dispatch.ts';
import type { AnyHandler, Handler } from './handler.ts';

/** How a point wants its handlers called. */
export interface ChainRules {
  readonly point: string;
  readonly type: ExtensionPointType;
  readonly sync: boolean;
  readonly stops: boolean;
  readonly timeoutMs: number | undefined;
  /** How many parameters there are; `undefined` where nobody has said so. */
  readonly arity: number | undefined;
}

export interface ChainHost {
  readonly clock: Clock;
  /** A handler has failed, and that is nobody's to handle. */
  report(handler: Handler, error: unknown): void;
}

/** More handlers than this are called in a loop. */
const MOST_COMPILED = 256;

/** Something that is kept while a call is under way. */
type Pinned = Pick<InstanceView, 'beginNested' | 'endNested'>;

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  value instanceof Promise ||
  (typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function');

/**
 * The handlers of a point at one moment, compiled. `dispatch` is made for exactly these: a point without handlers costs a call of an empty function. What is
 * not the common way (a promise, a failure, a call that is timed) goes on in `#goOn`.
 */
export class Chain {
  readonly rules: ChainRules;
  readonly handlers: readonly Handler[];
  readonly dispatch: AnyHandler;
  /** Dispatches; written by `dispatch`. */
  readonly counts = { dispatches: 0 };
  readonly #host: ChainHost;
  #pins: readonly Pinned[] = [];

  constructor(rules: ChainRules, handlers: readonly Handler[], host: ChainHost) {
    this.rules = rules;
    this.handlers = handlers;
    this.#host = host;
    this.dispatch = this.#compiled() ?? this.timed;
  }

  /** What asynchronous dispatches keep from now on: the instances' newest views. */
  pin(): void {
    this.#pins = [...new Set(this.handlers.map(({ instance }) => instance))].flatMap(({ view }) => view ?? []);
  }

  #compiled(): AnyHandler | undefined {
    if (this.handlers.length > MOST_COMPILED) return undefined;
    try {
      return compileDispatch(this.rules, this.handlers, {
        counts: this.counts,
        isThenable,
        failed: (index, error, args, gathered) => this.#afterFailure(index, error, args, gathered),
        later: (index, pending, args, gathered) => this.#later(index, pending, args, gathered),
        heard: () => new Hearing(this.#keep(), this.rules, this.handlers, this.#host),
        failedApart: (index, error) => this.#failed(index, error),
      });
    } catch (error) {
      // Code generation from strings is forbidden in this process.
      if (error instanceof EvalError) return undefined;
      throw error;
    }
  }

  /** A dispatch by a loop, in which each handler is timed. */
  readonly timed: AnyHandler = (...args) => {
    this.counts.dispatches++;
    if (this.rules.type === 'event') return this.#tellTimed(args);
    return this.#goOn(0, args, [], true);
  };

  #tellTimed(args: unknown[]): unknown {
    const hearing = new Hearing(this.#keep(), this.rules, this.handlers, this.#host);
    for (const [index, handler] of this.handlers.entries()) {
      if (!this.#enters(handler, args)) continue;
      const began = performance.now();
      const took = () => handler.figures.took(performance.now() - began);
      try {
        const result = handler.call(...args);
        if (!this.rules.sync && isThenable(result)) hearing.add(index, result, took);
        else took();
      } catch (error) {
        took();
        this.#failed(index, error);
      }
    }
    return hearing.ended();
  }

  /** Goes on from a handler, in step, until one gives a promise. */
  #goOn(from: number, args: unknown[], gathered: unknown[], timed = false): unknown {
    const { handlers } = this;
    for (let index = from; index < handlers.length; index++) {
      const handler = handlers[index] as Handler;
      if (!this.#enters(handler, args)) continue;
      const began = timed ? performance.now() : 0;
      let result: unknown;
      try {
        result = handler.call(...args);
      } catch (error) {
        if (timed) handler.figures.took(performance.now() - began);
        this.#failed(index, error);
        continue;
      }
      if (!this.rules.sync && isThenable(result)) return this.#later(index, result, args, gathered, timed, began);
      if (timed) handler.figures.took(performance.now() - began);
      if (this.#ends(result, args, gathered)) return result;
    }
    return this.#resultOf(args, gathered);
  }

  /** Goes on in a promise, with everything kept that it may still call. */
  async #later(
    first: number,
    pending: PromiseLike<unknown>,
    args: unknown[],
    gathered: unknown[],
    timed = false,
    began = 0,
  ): Promise<unknown> {
    const { handlers } = this;
    const pinned = this.#keep();
    try {
      let index = first;
      let work: unknown = pending;
      let since = began;
      for (;;) {
        const handler = handlers[index] as Handler;
        const timeoutMs = handler.timeoutMs ?? this.rules.timeoutMs;
        try {
          const result = await (timeoutMs === undefined ? work : this.#within(handler, timeoutMs, work));
          if (timed) handler.figures.took(performance.now() - since);
          if (this.#ends(result, args, gathered)) return result;
        } catch (error) {
          this.#failed(index, error);
        }
        for (;;) {
          index++;
          if (index === handlers.length) return this.#resultOf(args, gathered);
          const next = handlers[index] as Handler;
          if (!this.#enters(next, args)) continue;
          if (timed) since = performance.now();
          try {
            work = args.length === 1 ? next.call(args[0]) : next.call(...args);
          } catch (error) {
            this.#failed(index, error);
            continue;
          }
          if (isThenable(work)) break;
          if (timed) next.figures.took(performance.now() - since);
          if (this.#ends(work, args, gathered)) return work;
        }
      }
    } finally {
      for (const one of pinned) one.endNested();
    }
  }

  #within(handler: Handler, timeoutMs: number, work: unknown): Promise<unknown> {
    return withTimeLimit(
      this.#host.clock,
      timeoutMs,
      async () => work,
      () => timedOut(this.rules.point, handler, timeoutMs),
    );
  }

  /** True where the result ends the dispatch. */
  #ends(result: unknown, args: unknown[], gathered: unknown[]): boolean {
    switch (this.rules.type) {
      case 'filter':
        if (result !== undefined) args[0] = result;
        return false;
      case 'action':
        gathered.push(result);
        return false;
      default:
        return result !== undefined;
    }
  }

  #resultOf(args: unknown[], gathered: unknown[]): unknown {
    if (this.rules.type === 'filter') return args[0];
    return this.rules.type === 'action' ? gathered : undefined;
  }

  #enters({ test, figures }: Handler, args: readonly unknown[]): boolean {
    if (test !== undefined && !test(args[0])) return false;
    if (test !== undefined || this.rules.type === 'gate') figures.calls++;
    return true;
  }

  #afterFailure(index: number, error: unknown, args: unknown[], gathered: unknown[]): unknown {
    this.#failed(index, error);
    return this.#goOn(index + 1, args, gathered);
  }

  /** @throws where failures stop the dispatch */
  #failed(index: number, error: unknown): void {
    failed(this.rules, this.handlers[index] as Handler, error, this.#host);
  }

  #keep(): readonly Pinned[] {
    const pinned = this.#pins;
    for (const one of pinned) one.beginNested();
    return pinned;
  }
}

/** The handlers of an event that go on when they return. Each fails by itself. */
export class Hearing {
  readonly #pinned: readonly Pinned[];
  readonly #rules: ChainRules;
  readonly #handlers: readonly Handler[];
  readonly #host: ChainHost;
  readonly #works: Promise<void>[] = [];

  constructor(pinned: readonly Pinned[], rules: ChainRules, handlers: readonly Handler[], host: ChainHost) {
    this.#pinned = pinned;
    this.#rules = rules;
    this.#handlers = handlers;
    this.#host = host;
  }

  add(index: number, work: PromiseLike<unknown>, ended?: () => void): void {
    const handler = this.#handlers[index] as Handler;
    const timeoutMs = handler.timeoutMs ?? this.#rules.timeoutMs;
    const limited =
      timeoutMs === undefined
        ? Promise.resolve(work)
        : withTimeLimit(
            this.#host.clock,
            timeoutMs,
            async () => work,
            () => timedOut(this.#rules.point, handler, timeoutMs),
          );
    const settled = limited.then(
      () => {},
      (error: unknown) => failed(this.#rules, handler, error, this.#host),
    );
    this.#works.push(ended === undefined ? settled : settled.finally(ended));
  }

  /** A promise only where something goes on. */
  ended(): Promise<void> | undefined {
    if (this.#works.length === 0) {
      this.#release();
      return undefined;
    }
    return Promise.all(this.#works).then(() => this.#release());
  }

  #release(): void {
    for (const one of this.#pinned) one.endNested();
  }
}

/** @throws BP_HANDLER_FAILED where failures stop the dispatch */
function failed({ type, stops, point }: ChainRules, handler: Handler, error: unknown, host: ChainHost): void {
  handler.figures.failed(error, host.clock.now());
  if (!stops || type === 'event') {
    host.report(handler, error);
    return;
  }
  const { name: plugin } = handler.instance.identity;
  const reason = error instanceof Error ? error.message : String(error);
  throw errors.BP_HANDLER_FAILED({ point, plugin, handler: handler.name, reason }, { cause: error });
}

function timedOut(point: string, handler: Handler, timeoutMs: number) {
  const { name: plugin } = handler.instance.identity;
  return errors.BP_HANDLER_TIMEOUT({ point, plugin, handler: handler.name, timeoutMs });
}

import type { ExtensionPoint, Hook } from '@backplane/plugin-api';
import satisfies from 'semver/functions/satisfies.js';
import type { Instance } from '../lifecycle/instance.ts';
import { Chain, type ChainHost, type ChainRules } from './chain.ts';
import type { AnyHandler, Handler } from './handler.ts';

/** Why a handler takes no part at a point that is there. */
export interface LeftOut {
  readonly handler: Handler;
  readonly reason: string;
}

/** A point as one instance has declared it, and the way into it. */
export class Point {
  readonly declared: ExtensionPoint;
  readonly owner: Instance | undefined;
  /** The object that the owner keeps. */
  readonly hook: Hook = { dispatch: () => undefined };
  readonly #host: ChainHost;
  readonly #check: ((args: readonly unknown[]) => void) | undefined;
  #chain: Chain;
  leftOut: readonly LeftOut[] = [];
  /** Dispatches by chains that were replaced. */
  #before = 0;

  /** `check` looks at what is dispatched, where that is wanted. */
  constructor(
    declared: ExtensionPoint,
    owner: Instance | undefined,
    host: ChainHost,
    check?: (args: readonly unknown[]) => void,
  ) {
    this.declared = declared;
    this.owner = owner;
    this.#host = host;
    this.#check = check;
    this.#chain = new Chain(rulesOf(declared), [], host);
    this.#open();
  }

  get handlers(): readonly Handler[] {
    return this.#chain.handlers;
  }
  get dispatches(): number {
    return this.#before + this.#chain.counts.dispatches;
  }
  /** By the handlers there are now. */
  get dispatchesOfChain(): number {
    return this.#chain.counts.dispatches;
  }
  get timeoutMs(): number | undefined {
    return this.#chain.rules.timeoutMs;
  }
  get stops(): boolean {
    return this.#chain.rules.stops;
  }

  /** From now on these, in this order, as far as they can take part. Dispatches that have begun end with those before. */
  install(ordered: readonly Handler[]): void {
    const leftOut = ordered.flatMap((handler) => {
      const reason = whyNot(this.declared, handler);
      return reason === undefined ? [] : [{ handler, reason }];
    });
    this.leftOut = leftOut;
    const out = new Set(leftOut.map(({ handler }) => handler));
    const handlers = ordered.filter((handler) => !out.has(handler));
    const same =
      handlers.length === this.handlers.length && handlers.every((handler, index) => handler === this.handlers[index]);
    if (!same) {
      this.#before += this.#chain.counts.dispatches;
      this.#chain = new Chain(this.#chain.rules, handlers, this.#host);
    }
    this.#chain.pin();
    this.#open();
  }

  /** A dispatch through handlers that are not installed. */
  among(handlers: readonly Handler[]): AnyHandler {
    return new Chain(this.#chain.rules, handlers, this.#host).dispatch;
  }

  /** Times the next dispatch, and those after it are as before. */
  sample(): void {
    const chain = this.#chain;
    if (chain.handlers.length === 0) return;
    this.#open((...args) => {
      this.#open();
      return chain.timed(...args);
    });
  }

  #open(dispatch: AnyHandler = this.#chain.dispatch): void {
    const check = this.#check;
    this.hook.dispatch =
      check === undefined
        ? dispatch
        : (...args) => {
            check(args);
            return dispatch(...args);
          };
  }
}

function rulesOf({ name, type, sync, failure, timeoutMs, parameters }: ExtensionPoint): ChainRules {
  const stops = failure === undefined ? type === 'filter' || type === 'gate' : failure === 'stop';
  const arity = parameters === undefined ? undefined : Object.keys(parameters).length;
  // A filter has at least the value.
  return { point: name, type, sync, stops, timeoutMs, arity: type === 'filter' && arity === 0 ? undefined : arity };
}

function whyNot(point: ExtensionPoint, { version, instance, stored }: Handler): string | undefined {
  const { version: own = '1.0.0', sync } = point;
  if (version !== undefined && !satisfies(own, `^${version}`, { includePrerelease: true }))
    return `it was written for version ${version} of the point, which is ${own} here`;
  if (stored !== undefined && stored !== point.type)
    return `it is a hook of type ${stored}, and the point of type ${point.type}`;
  if (sync && (instance.identity.level !== 'inline' || stored !== undefined))
    return 'the point is synchronous, and this handler cannot be called so';
  return undefined;
}

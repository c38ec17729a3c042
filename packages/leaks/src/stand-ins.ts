import type { Made } from './made.ts';

/** Remembers who called `below`; gives what enters a thing as made there. */
export type Enter = (below: AnyFunction) => (made: Made) => void;

/** A function of Node, and what code with a ledger gets in its place. */
export type Pair = readonly [real: unknown, standIn: unknown];

// biome-ignore lint/suspicious/noExplicitAny: it stands in for functions of every form
export type AnyFunction = (...args: any[]) => any;
// biome-ignore lint/suspicious/noExplicitAny: whoever makes it of a result knows of which
export type ToMade = (result: any, args: any) => Made;

/** Does what the function does, and enters what `toMade` makes of the result. */
export function entering(enter: Enter, real: AnyFunction, toMade: ToMade): Pair {
  function standIn(this: unknown, ...args: unknown[]): unknown {
    const enterHere = enter(standIn);
    const result: unknown = Reflect.apply(real, this, args);
    enterHere(toMade(result, args));
    return result;
  }
  return [real, likeReal(real, standIn)];
}

/** The same for a function that gives a promise. */
export function enteringLater(enter: Enter, real: AnyFunction, toMade: ToMade): Pair {
  async function standIn(this: unknown, ...args: unknown[]): Promise<unknown> {
    const enterHere = enter(standIn);
    const result: unknown = await Reflect.apply(real, this, args);
    enterHere(toMade(result, args));
    return result;
  }
  return [real, likeReal(real, standIn)];
}

/** The same for a class. */
export function enteringNew(enter: Enter, real: abstract new (...args: never[]) => object, toMade: ToMade): Pair {
  function construct(target: object, args: readonly unknown[], newTarget: object): object {
    const enterHere = enter(construct);
    const result: object = Reflect.construct(target as never, args, newTarget as never);
    enterHere(toMade(result, args));
    return result;
  }
  return [real, new Proxy(real, { construct })];
}

/** With name, length and whatever else the function has. */
export function likeReal(real: object, standIn: AnyFunction): AnyFunction {
  const { prototype: _, ...properties } = Object.getOwnPropertyDescriptors(real) as PropertyDescriptorMap;
  return Object.defineProperties(standIn, properties);
}

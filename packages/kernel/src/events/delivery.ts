import type { KernelCall } from '../call/kernel-call.ts';

/** What a handler's instance counts while it goes on. */
export interface Pinned {
  beginNested(): void;
  endNested(): void;
}

/**
 * The handlers of one event that have not ended when they return. While one goes on, its instance is kept, and the call of the publisher
 * lasts. Two closures for each are the least of all that was measured.
 */
export class Delivery {
  /** Resolves when all have ended, well or not. */
  readonly ended: Promise<void>;
  readonly #call: KernelCall;
  readonly #counts: { delivered: number };
  readonly #resolve: () => void;
  #left = 0;

  constructor(call: KernelCall, counts: { delivered: number }) {
    this.#call = call;
    this.#counts = counts;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolve = resolve;
    call.hold();
  }

  add(work: Promise<unknown>, pinned: Pinned, failed: (error: unknown) => void): void {
    this.#left++;
    pinned.beginNested();
    work.then(
      () => {
        this.#counts.delivered++;
        this.#end(pinned);
      },
      (error: unknown) => {
        failed(error);
        this.#end(pinned);
      },
    );
  }

  #end(pinned: Pinned): void {
    pinned.endNested();
    this.#left--;
    if (this.#left > 0) return;
    this.#call.release();
    this.#resolve();
  }
}

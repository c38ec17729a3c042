/** Holds those who come until it is opened. Plugins of a host in this process reach it by a name on `globalThis`. */
export class Gate {
  readonly #open = Promise.withResolvers<void>();
  readonly #arrivals: { readonly count: number; readonly resolve: () => void }[] = [];
  waiting = 0;

  async pass(): Promise<void> {
    this.waiting++;
    for (const arrival of this.#arrivals) if (this.waiting >= arrival.count) arrival.resolve();
    await this.#open.promise;
  }

  open(): void {
    this.#open.resolve();
  }

  /** Resolves when as many have come. */
  async has(count: number): Promise<void> {
    if (this.waiting >= count) return;
    await new Promise<void>((resolve) => this.#arrivals.push({ count, resolve }));
  }
}

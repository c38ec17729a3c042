/**
 * Notes when plugins were changed last. Whoever reads a plugin and applies it later asks whether somebody else has changed it in between: what
 * was read is then out of date, and would undo the other change.
 */
export class PluginEpochs {
  #now = 0;
  readonly #changed = new Map<string, number>();

  /** A moment, to be asked about later. */
  get now(): number {
    return this.#now;
  }

  /** These are changed now. */
  stamp(names: Iterable<string>): void {
    this.#now += 1;
    for (const name of names) this.#changed.set(name, this.#now);
  }

  /** False where one of these was changed after that moment. */
  isFresh(names: Iterable<string>, since: number): boolean {
    for (const name of names) if ((this.#changed.get(name) ?? 0) > since) return false;
    return true;
  }
}

import { inspect } from 'node:util';

/** A value that nobody prints: it shows itself only to whoever opens it. */
export class SealedValue {
  readonly #reveal: () => unknown;

  constructor(reveal: () => unknown) {
    this.#reveal = reveal;
  }

  /** The value itself. @throws BP_SECRET_SEALED */
  reveal(): unknown {
    return this.#reveal();
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return '***';
  }
}

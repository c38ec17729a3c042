import { randomUUID } from 'node:crypto';
import type { JsonValue, SealedSecret, StateRepository } from '@backplane/ports';

/** What seals texts, and opens them for nothing but what they were sealed for. */
export interface Box {
  seal(text: string, context: string): string;
  open(envelope: string, context: string): string;
  isCurrent(envelope: string): boolean;
}

/** The sealed values that desired states refer to. They are opened when somebody needs them. */
export class SecretShelf {
  #box: Box;
  readonly #repository: Pick<StateRepository, 'secrets' | 'reseal'>;
  readonly #sealed = new Map<string, SealedSecret>();

  constructor(box: Box, repository: Pick<StateRepository, 'secrets' | 'reseal'>) {
    this.#box = box;
    this.#repository = repository;
  }

  /** Takes in what is kept, and seals anew what an older master key has sealed. @throws BP_SECRET_SEALED */
  async load(): Promise<void> {
    const kept = await this.#repository.secrets();
    const old = kept.filter(({ envelope }) => !this.#box.isCurrent(envelope));
    for (const secret of kept) this.put(secret);
    await this.reseal(this.#box, old);
  }

  /** Seals everything with a newer master key: first on the disk, then here. */
  async reseal(box: Box, which: Iterable<SealedSecret> = this.#sealed.values()): Promise<number> {
    const anew = [...which].map(({ id, context, envelope }) => {
      return { id, context, envelope: box.seal(this.#box.open(envelope, context), context) };
    });
    if (anew.length > 0) await this.#repository.reseal(anew);
    for (const secret of anew) this.put(secret);
    this.#box = box;
    return anew.length;
  }

  seal(plugin: string, key: string, value: JsonValue): SealedSecret {
    const context = `${plugin}/${key}`;
    return { id: randomUUID(), context, envelope: this.#box.seal(JSON.stringify(value), context) };
  }

  put(secret: SealedSecret): void {
    this.#sealed.set(secret.id, secret);
  }

  /** @throws BP_SECRET_SEALED */
  reveal(id: string): JsonValue {
    const secret = this.#sealed.get(id);
    // Revisions and the secrets they refer to are written together.
    if (secret === undefined) throw new Error(`There is no secret "${id}".`);
    return JSON.parse(this.#box.open(secret.envelope, secret.context)) as JsonValue;
  }
}

import type { ScopedResource } from '@backplane/plugin-api';

interface Held {
  /** The code whose factory made it, and which goes on running in it. */
  readonly code: object | undefined;
  readonly made: Promise<ScopedResource<unknown>>;
  resource: ScopedResource<unknown> | undefined;
  holders: number;
}

/** A part in a resource, counted from the moment it is asked for. */
export interface ResourceClaim<T> {
  /** Rejects as the factory does. */
  readonly value: Promise<T>;
  /** Gives the part back; the last one disposes the resource. */
  release(): Promise<void>;
}

/** Keeps what cannot exist twice, by plugin and key, for as long as any version of the plugin holds it. */
export class ResourceTable {
  readonly #held = new Map<string, Held>();
  readonly #closing = new Map<string, Promise<void>>();

  /** Gives the value for the key, made on first use and not before the one before it is disposed. A factory that fails leaves nothing. */
  acquire<T>(
    plugin: string,
    key: string,
    factory: () => ScopedResource<T> | Promise<ScopedResource<T>>,
    code?: object,
  ): ResourceClaim<T> {
    const id = JSON.stringify([plugin, key]);
    let held = this.#held.get(id);
    if (held === undefined) {
      const before = this.#closing.get(id);
      const made = (async () => (before ? before.then(factory) : factory()))();
      held = { code, made, resource: undefined, holders: 0 };
      this.#held.set(id, held);
    }
    const mine = held;
    mine.holders++;
    const value = mine.made.then(
      (resource) => {
        mine.resource = resource;
        return (resource as ScopedResource<T>).value;
      },
      (error) => {
        this.#forget(id, mine);
        throw error;
      },
    );
    return { value, release: () => this.#release(id, mine) };
  }

  /** Whether something that this code made is held, by whichever version. */
  isMadeBy(code: object): boolean {
    for (const held of this.#held.values()) if (held.code === code) return true;
    return false;
  }

  /** Keys that somebody still holds. */
  keys(): string[] {
    return [...this.#held.keys()];
  }

  async #release(id: string, held: Held): Promise<void> {
    held.holders--;
    if (held.holders > 0) return;
    this.#forget(id, held);
    const { resource } = held;
    if (resource === undefined) {
      // Given up while the factory works or has failed; nobody may wait for one that hangs.
      held.made.then((late) => late.dispose()).catch(() => {});
      return;
    }
    const closed = (async () => resource.dispose())();
    const settled = closed.catch(() => {});
    this.#closing.set(id, settled);
    try {
      await closed;
    } finally {
      if (this.#closing.get(id) === settled) this.#closing.delete(id);
    }
  }

  #forget(id: string, held: Held): void {
    if (this.#held.get(id) === held) this.#held.delete(id);
  }
}

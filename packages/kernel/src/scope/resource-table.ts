import type { ScopedResource } from '@backplane/plugin-api';

interface Held {
  readonly made: Promise<ScopedResource<unknown>>;
  holders: number;
}

/** Keeps what cannot exist twice, by plugin and key, for as long as any version of the plugin holds it. */
export class ResourceTable {
  readonly #held = new Map<string, Held>();

  /** Gives the value for the key, made on first use; give it back with the returned release. A factory that fails leaves nothing. */
  async acquire<T>(
    plugin: string,
    key: string,
    factory: () => ScopedResource<T> | Promise<ScopedResource<T>>,
  ): Promise<{ value: T; release: () => Promise<void> }> {
    const id = JSON.stringify([plugin, key]);
    let held = this.#held.get(id);
    if (held === undefined) {
      held = { made: (async () => factory())(), holders: 0 };
      this.#held.set(id, held);
    }
    const mine = held;
    mine.holders++;
    try {
      const { value } = (await mine.made) as ScopedResource<T>;
      return { value, release: () => this.#release(id, mine) };
    } catch (error) {
      if (this.#held.get(id) === mine) this.#held.delete(id);
      throw error;
    }
  }

  async #release(id: string, held: Held): Promise<void> {
    held.holders--;
    if (held.holders > 0) return;
    if (this.#held.get(id) === held) this.#held.delete(id);
    await (await held.made).dispose();
  }

  /** Keys that somebody still holds. */
  keys(): string[] {
    return [...this.#held.keys()];
  }
}

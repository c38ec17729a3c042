/** Services of the operator's own. They may come and go while the host runs; each generation has those that were there when it was made. */
export class HostServices {
  #current: ReadonlyMap<string, object>;
  #version = 0;

  constructor(services: ReadonlyMap<string, object> = new Map()) {
    this.#current = services;
  }

  /** Never changes: what comes later is in another map. */
  get current(): ReadonlyMap<string, object> {
    return this.#current;
  }

  /** Tells the map apart from those before. */
  get version(): number {
    return this.#version;
  }

  has(id: string): boolean {
    return this.#current.has(id);
  }

  set(id: string, service: object): void {
    this.#replace(new Map(this.#current).set(id, service));
  }

  delete(id: string): void {
    const next = new Map(this.#current);
    next.delete(id);
    this.#replace(next);
  }

  #replace(next: ReadonlyMap<string, object>): void {
    this.#current = next;
    this.#version++;
  }
}

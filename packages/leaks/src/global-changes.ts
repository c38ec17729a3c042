import { changedKeys, type SharedObject, type Surface, sharedObjects, surfaceOf } from './shared-surface.ts';

/** A property of a shared object that was changed. */
export interface GlobalChange {
  /** As an author writes it: `String.prototype.shout`, `fs.readFile`. */
  readonly label: string;
  readonly key: PropertyKey;
  /** True where only what the text writes counts: everybody reads functions of Node's modules. */
  readonly mustWrite: boolean;
}

interface Known {
  /** Before any code of a plugin ran that names the object. */
  readonly first: Surface;
  last: Surface;
  /** For each key that was ever seen changed, which look saw that last. */
  readonly changed: Map<PropertyKey, number>;
}

/** What shared objects were when somebody first looked, and what has changed from one look to the next. */
export class KnownSurfaces {
  readonly #known = new WeakMap<object, Known>();
  #looks = 0;

  /** Looks at the object now. Gives the number of the look. */
  look(object: object): number {
    const now = surfaceOf(object);
    const known = this.#known.get(object);
    this.#looks++;
    if (known === undefined) this.#known.set(object, { first: now, last: now, changed: new Map() });
    else {
      for (const key of changedKeys(object, known.last, now)) known.changed.set(key, this.#looks);
      known.last = now;
    }
    return this.#looks;
  }

  /** The number of the last look, which is made only if nobody has ever looked: 10 µs for each module of each plugin would be too much. */
  lastLook(object: object): number {
    return this.#known.has(object) ? this.#looks : this.look(object);
  }

  /** Keys that have been seen to change after that look, and are not what they were at first. */
  changedSince(object: object, look: number): PropertyKey[] {
    const known = this.#known.get(object);
    if (known === undefined || known.changed.size === 0) return [];
    return changedKeys(object, known.first, known.last).filter((key) => (known.changed.get(key) ?? 0) > look);
  }
}

/** What one version may have changed for everybody. Looks only at what its code names. */
export class GlobalChanges {
  readonly #known: KnownSurfaces;
  readonly #watched = new Map<
    object,
    { readonly shared: SharedObject; readonly since: number; readonly mustWrite: boolean }
  >();

  constructor(known: KnownSurfaces) {
    this.#known = known;
  }

  /** Before the code runs. */
  watch(mentions: readonly string[]): void {
    for (const shared of mentions.flatMap(sharedObjects)) this.#watch(shared, false);
  }

  /** A module of Node that the code gets: its functions are everybody's. */
  module(specifier: string, namespace: object): void {
    const object: unknown = Reflect.get(namespace, 'default') ?? namespace;
    if (typeof object === 'object' && object !== null)
      this.#watch({ name: specifier.replace(/^node:/, ''), object }, true);
  }

  /** What somebody has changed while the code was there, and what is not as it was before the first. */
  left(): GlobalChange[] {
    return [...this.#watched.values()].flatMap(({ shared: { name, object }, since, mustWrite }) => {
      this.#known.look(object);
      return this.#known.changedSince(object, since).map((key) => ({ label: labelOf(name, key), key, mustWrite }));
    });
  }

  #watch(shared: SharedObject, mustWrite: boolean): void {
    if (this.#watched.has(shared.object)) return;
    const since = mustWrite ? this.#known.lastLook(shared.object) : this.#known.look(shared.object);
    this.#watched.set(shared.object, { shared, since, mustWrite });
  }
}

function labelOf(name: string, key: PropertyKey): string {
  if (typeof key === 'symbol') return `${name}[${String(key)}]`;
  return name === 'globalThis' ? String(key) : `${name}.${String(key)}`;
}

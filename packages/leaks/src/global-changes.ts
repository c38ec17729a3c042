import { changedKeys, isSame, type SharedObject, type Surface, sharedObjects, surfaceOf } from './shared-surface.ts';

/** A property of a shared object that is not what it was before the code ran. */
export interface GlobalChange {
  /** As an author writes it: `String.prototype.shout`, `fs.readFile`. */
  readonly label: string;
  readonly key: PropertyKey;
  /** True where only what the text writes counts: everybody reads functions of Node's modules. */
  readonly mustWrite: boolean;
}

/** What shared objects were when somebody first looked, and when somebody last did: most never change, and share one surface. */
export class KnownSurfaces {
  readonly #first = new WeakMap<object, Surface>();
  readonly #last = new WeakMap<object, Surface>();

  first(object: object): Surface {
    return this.#first.get(object) ?? this.now(object);
  }

  now(object: object): Surface {
    const now = surfaceOf(object);
    const last = this.#last.get(object);
    if (last !== undefined && last.size === now.size && changedKeys(object, last, now).length === 0) return last;
    this.#last.set(object, now);
    if (!this.#first.has(object)) this.#first.set(object, now);
    return now;
  }
}

/** What one version may have changed for everybody. Looks only at what its code names. */
export class GlobalChanges {
  readonly #known: KnownSurfaces;
  readonly #watched: { readonly shared: SharedObject; readonly before: Surface; readonly mustWrite: boolean }[] = [];
  readonly #modules = new Set<object>();

  constructor(known: KnownSurfaces) {
    this.#known = known;
  }

  /** Before the code runs. */
  watch(mentions: readonly string[]): void {
    for (const shared of mentions.flatMap(sharedObjects))
      this.#watched.push({ shared, before: this.#known.now(shared.object), mustWrite: false });
  }

  /** A module of Node that the code gets: its functions are everybody's. */
  module(specifier: string, namespace: object): void {
    const object: unknown = Reflect.get(namespace, 'default') ?? namespace;
    if (typeof object !== 'object' || object === null || this.#modules.has(object)) return;
    this.#modules.add(object);
    const name = specifier.replace(/^node:/, '');
    this.#watched.push({ shared: { name, object }, before: this.#known.first(object), mustWrite: true });
  }

  /** What is neither as it was before the code ran nor as it was before any code did. */
  left(): GlobalChange[] {
    return this.#watched.flatMap(({ shared: { name, object }, before, mustWrite }) => {
      const now = this.#known.now(object);
      if (now === before) return [];
      const first = this.#known.first(object);
      return changedKeys(object, before, now)
        .filter((key) => !isSame(object, first.get(key), now.get(key)))
        .map((key) => ({ label: labelOf(name, key), key, mustWrite }));
    });
  }
}

function labelOf(name: string, key: PropertyKey): string {
  if (typeof key === 'symbol') return `${name}[${String(key)}]`;
  return name === 'globalThis' ? String(key) : `${name}.${String(key)}`;
}

import { changedKeys, type SharedObject, type Surface, sharedObjects, surfaceOf } from './shared-surface.ts';

/** A property of a shared object that is not what it was before the code ran. */
export interface GlobalChange {
  /** As an author writes it: `String.prototype.shout`, `fs.readFile`. */
  readonly label: string;
  readonly key: PropertyKey;
  /** True where only what the text writes counts: everybody reads functions of Node's modules. */
  readonly mustWrite: boolean;
}

/** What shared objects were when somebody first looked: before any code of a plugin that names them ran. */
export class KnownSurfaces {
  readonly #first = new WeakMap<object, Surface>();

  first(object: object): Surface {
    let first = this.#first.get(object);
    if (first === undefined) {
      first = surfaceOf(object);
      this.#first.set(object, first);
    }
    return first;
  }
}

/** What one version may have changed for everybody. Looks only at what its code names. */
export class GlobalChanges {
  readonly #known: KnownSurfaces;
  readonly #watched = new Map<object, { readonly shared: SharedObject; readonly mustWrite: boolean }>();

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

  /**
   * What is not as it was before the first. A version that finds the change of the one before it and makes the same leaves it, too; so whoever asks
   * has to know whether this version's code makes it.
   */
  left(): GlobalChange[] {
    return [...this.#watched.values()].flatMap(({ shared: { name, object }, mustWrite }) =>
      changedKeys(object, this.#known.first(object), surfaceOf(object)).map((key) => ({
        label: labelOf(name, key),
        key,
        mustWrite,
      })),
    );
  }

  #watch(shared: SharedObject, mustWrite: boolean): void {
    if (this.#watched.has(shared.object)) return;
    this.#known.first(shared.object);
    this.#watched.set(shared.object, { shared, mustWrite });
  }
}

function labelOf(name: string, key: PropertyKey): string {
  if (typeof key === 'symbol') return `${name}[${String(key)}]`;
  return name === 'globalThis' ? String(key) : `${name}.${String(key)}`;
}

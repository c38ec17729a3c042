import { pointerOf } from '@backplane/wire';
import { copyPlain, isPlainMap, type PlainMap } from '@backplane/wire/schema';

/** Where a value came from. */
export interface ConfigOrigin {
  /** Name of the layer. */
  readonly layer: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** The environment variable that it was given in. */
  readonly variable?: string;
}

/** Some of the configuration, from one source. */
export interface ConfigLayer {
  /** For people, such as `production` or `environment`. */
  readonly name: string;
  readonly value: Readonly<PlainMap>;
  /** Where the value at this JSON pointer was written; asked once for each value that is taken. */
  readonly place?: (pointer: string) => Omit<ConfigOrigin, 'layer'> | undefined;
}

export interface MergedConfig {
  readonly value: PlainMap;
  /** The origin of every map, list, item and value, by JSON pointer. */
  readonly origins: ReadonlyMap<string, ConfigOrigin>;
}

/** Lays the layers on each other, lowest first: maps are joined key by key; anything else, lists too, replaces what lay below. */
export function mergeLayers(layers: readonly ConfigLayer[]): MergedConfig {
  const origins = new Map<string, ConfigOrigin>();
  const value: PlainMap = {};
  for (const layer of layers) {
    const merge = new LayerMerge(layer, origins);
    if (!origins.has('')) merge.note('', undefined);
    merge.map(value, layer.value, '');
  }
  return { value, origins };
}

class LayerMerge {
  readonly #layer: ConfigLayer;
  readonly #origins: Map<string, ConfigOrigin>;

  constructor(layer: ConfigLayer, origins: Map<string, ConfigOrigin>) {
    this.#layer = layer;
    this.#origins = origins;
  }

  map(into: PlainMap, from: Readonly<PlainMap>, pointer: string): void {
    for (const key of Object.keys(from)) {
      // Assigning it would replace the prototype.
      if (key === '__proto__') continue;
      const at = pointer + pointerOf([key]);
      const below = Object.hasOwn(into, key) ? into[key] : undefined;
      const above = from[key];
      if (isPlainMap(below) && isPlainMap(above)) {
        this.map(below, above, at);
        continue;
      }
      if (typeof below === 'object' && below !== null) this.#forget(`${at}/`);
      into[key] = copyPlain(above);
      this.note(at, above);
    }
  }

  /** Notes where this value comes from, and everything in it. */
  note(pointer: string, value: unknown): void {
    this.#origins.set(pointer, { layer: this.#layer.name, ...this.#layer.place?.(pointer) });
    if (Array.isArray(value)) for (const [index, item] of value.entries()) this.note(`${pointer}/${index}`, item);
    else if (isPlainMap(value)) for (const key of Object.keys(value)) this.note(pointer + pointerOf([key]), value[key]);
  }

  #forget(prefix: string): void {
    for (const pointer of this.#origins.keys()) if (pointer.startsWith(prefix)) this.#origins.delete(pointer);
  }
}

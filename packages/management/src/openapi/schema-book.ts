import { copySchema } from './schema-copy.ts';
import { isMap } from './schema-keywords.ts';

const PREFIX = '#/components/schemas/';
/** Levels of a schema in which its names are looked for. */
const DEEPEST = 64;

type Shared = Readonly<Record<string, unknown>>;

/** The schemas of a document: each stands where it is used, or, where it holds references or is referred to, among the components. */
export class SchemaBook {
  readonly #components = new Map<string, unknown>();
  readonly #sharedPlaces = new Map<string, string>();
  readonly #holders: { $ref?: unknown }[] = [];

  /**
   * The schema to put into the document for one that a plugin wrote. `owner` and `name` make the name of its component, where it needs
   * one; `shared` are the owner's schemas that it may refer to by `$id`.
   */
  add(schema: unknown, owner: string, name: string, shared: Shared = {}): unknown {
    const alone = isMap(schema) && typeof schema.$ref === 'string' && Object.keys(schema).length === 1;
    const place = alone ? this.#placeOfShared(String(schema.$ref).replace(/#$/, ''), owner, shared) : undefined;
    if (place !== undefined) return { $ref: place };
    const pointer = JSON.stringify(schema)?.includes('"$ref"') ? this.#reserve(`${owner}.${name}`) : '';
    return pointer === '' ? this.#copy(schema, pointer, owner, shared) : this.#fill(pointer, schema, owner, shared);
  }

  /** Puts a schema among the components, under exactly this name. It is also what `owner` refers to by it. */
  put(name: string, schema: unknown, owner: string): void {
    this.#sharedPlaces.set(`${owner} ${name}`, PREFIX + name);
    this.#components.set(name, this.#copy(schema, PREFIX + name, owner, {}));
  }

  /** All components, by name. Takes back the references that lead nowhere; nothing can be added afterwards. */
  finish(): Readonly<Record<string, unknown>> {
    const components = Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)));
    for (const holder of this.#holders) if (!leads(String(holder.$ref), components)) delete holder.$ref;
    return components;
  }

  /** Takes a name, and gives the pointer to it. */
  #reserve(wanted: string): string {
    const plain = wanted.replace(/[^\w.-]+/g, '_');
    let name = plain;
    for (let n = 2; this.#components.has(name); n++) name = `${plain}_${n}`;
    this.#components.set(name, {});
    return PREFIX + name;
  }

  #fill(pointer: string, schema: unknown, owner: string, shared: Shared): { readonly $ref: string } {
    this.#components.set(pointer.slice(PREFIX.length), this.#copy(schema, pointer, owner, shared));
    return { $ref: pointer };
  }

  #copy(schema: unknown, pointer: string, owner: string, shared: Shared): unknown {
    const names = namesIn(schema, pointer);
    return copySchema(schema, {
      made: (holder) => void this.#holders.push(holder),
      resolve: (reference) => {
        const [uri = '', fragment = ''] = reference.split('#', 2);
        const place = uri === '' ? pointer : (names.get(uri) ?? this.#placeOfShared(uri, owner, shared));
        if (fragment === '' || place === undefined) return place;
        return fragment.startsWith('/') ? place + fragment : names.get(`#${fragment}`);
      },
    });
  }

  #placeOfShared(id: string, owner: string, shared: Shared): string | undefined {
    const key = `${owner} ${id}`;
    let place = this.#sharedPlaces.get(key);
    if (place === undefined && Object.hasOwn(shared, id)) {
      place = this.#reserve(`${owner}.${id}`);
      // Before it is copied: it may refer to itself.
      this.#sharedPlaces.set(key, place);
      this.#fill(place, shared[id], owner, shared);
    }
    return place;
  }
}

/** Where the `$id`s and, after a `#`, the anchors of a schema will stand. */
function namesIn(schema: unknown, pointer: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const visit = (part: unknown, at: string, depth: number): void => {
    if (typeof part !== 'object' || part === null || depth > DEEPEST) return;
    if (isMap(part)) {
      const { $id, $anchor } = part;
      if (typeof $id === 'string') names.set($id.replace(/#$/, ''), at);
      if (typeof $anchor === 'string') names.set(`#${$anchor}`, at);
    }
    for (const [key, value] of Object.entries(part)) visit(value, `${at}/${escaped(key)}`, depth + 1);
  };
  visit(schema, pointer, 0);
  return names;
}

const escaped = (key: string): string => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));

function leads(pointer: string, components: Readonly<Record<string, unknown>>): boolean {
  let at: unknown = components;
  for (const written of pointer.slice(PREFIX.length).split('/')) {
    let key: string;
    try {
      key = decodeURIComponent(written).replaceAll('~1', '/').replaceAll('~0', '~');
    } catch {
      return false;
    }
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return false;
    at = (at as Record<string, unknown>)[key];
  }
  return typeof at === 'boolean' || isMap(at);
}

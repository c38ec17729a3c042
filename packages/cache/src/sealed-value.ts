import { deserialize, serialize } from 'node:v8';

/** A value out of reach of whoever gave it: frozen, or as bytes where it holds something that cannot be frozen. `size` is about what it takes. */
export type SealedValue =
  | { readonly kind: 'frozen'; readonly value: unknown; readonly size: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly size: number };

const UNFREEZABLE = Symbol('unfreezable');

/** Copies a value that a structured clone copies whole. */
export function seal(value: unknown): SealedValue {
  const copier = new FrozenCopier();
  const copy = copier.copy(value);
  if (copy !== UNFREEZABLE) return { kind: 'frozen', value: copy, size: copier.size };
  const bytes = serialize(value);
  return { kind: 'bytes', bytes, size: bytes.byteLength };
}

/** What a reader gets: frozen and shared, or a copy of its own. */
export function open(sealed: SealedValue): unknown {
  // What Node makes of bytes looks into the very bytes that it read, where they hold bytes themselves.
  return sealed.kind === 'frozen' ? sealed.value : deserialize(Uint8Array.from(sealed.bytes));
}

/** As it is stored. */
export function encode(value: unknown): Uint8Array {
  return serialize(value);
}

/** What has been stored, or `undefined` where it is nothing that this version of Node can read. */
export function decode(bytes: Uint8Array): unknown {
  try {
    return deserialize(bytes);
  } catch {
    return undefined;
  }
}

/** Bytes that V8 takes, about: for an object or array, one of its entries, one character of text. */
const OBJECT_SIZE = 32;
const ENTRY_SIZE = 16;
const CHARACTER_SIZE = 1;

class FrozenCopier {
  size = 0;
  #seen: Map<object, object> | undefined;

  copy(value: unknown): unknown {
    if (typeof value === 'string') this.size += value.length * CHARACTER_SIZE;
    if (typeof value !== 'object' || value === null) return value;
    const before = this.#seen?.get(value);
    if (before !== undefined) return before;
    const isArray = Array.isArray(value);
    if (!isArray && !isPlain(value)) return UNFREEZABLE;
    const copy: object = isArray ? [] : {};
    this.#seen ??= new Map();
    this.#seen.set(value, copy);
    this.size += OBJECT_SIZE;
    for (const [key, item] of Object.entries(value)) {
      const copied = this.copy(item);
      if (copied === UNFREEZABLE) return UNFREEZABLE;
      this.size += ENTRY_SIZE + (isArray ? 0 : key.length * CHARACTER_SIZE);
      // Assigned, this one key would set the prototype.
      if (key === '__proto__') Object.defineProperty(copy, key, { value: copied, enumerable: true });
      else (copy as Record<string, unknown>)[key] = copied;
    }
    if (isArray && (copy as unknown[]).length !== value.length) (copy as unknown[]).length = value.length;
    return Object.freeze(copy);
  }
}

/** Also of another realm (a vm context, a test runner), whose Object.prototype is another one. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

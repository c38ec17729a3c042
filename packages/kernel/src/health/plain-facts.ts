import { messageOf } from '@backplane/base';

const DEEPEST = 8;
const MOST_VALUES = 2000;
const MOST_TEXT = 8192;

/**
 * A copy of what a plugin tells, fit for JSON whatever it is. Never throws: what cannot be read says so in its place, BigInts become text, and
 * functions are left out. At most eight levels, 2,000 values and 8,192 characters of each text are taken.
 */
export const plainFacts = (value: unknown): unknown => new Copy().of(value);

class Copy {
  readonly #above = new Set<object>();
  #left = MOST_VALUES;

  of(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
        return value.length > MOST_TEXT ? `${value.slice(0, MOST_TEXT)}…` : value;
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'bigint':
        return String(value);
      case 'object':
        return value === null ? null : this.#below(value);
      case 'boolean':
        return value;
      default:
        return undefined;
    }
  }

  #below(value: object): unknown {
    if (this.#above.has(value)) return '[circular]';
    if (this.#above.size >= DEEPEST) return '[deeper]';
    this.#above.add(value);
    try {
      return this.#object(value);
    } catch (thrown) {
      return `[unreadable: ${messageOf(thrown)}]`;
    } finally {
      this.#above.delete(value);
    }
  }

  #object(value: object): unknown {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (value instanceof Error) return { type: value.name, message: messageOf(value) };
    if (Array.isArray(value) || value instanceof Set) return this.#list(value);
    if (value instanceof Map) return this.#map([...value].map(([key, item]) => [String(key), () => item]));
    if ('toJSON' in value && typeof value.toJSON === 'function') return this.of(value.toJSON());
    return this.#map(Object.keys(value).map((key) => [key, () => Reflect.get(value, key)]));
  }

  #list(items: Iterable<unknown>): unknown[] {
    const copy: unknown[] = [];
    for (const item of items) {
      if (this.#left-- <= 0) break;
      copy.push(this.of(item) ?? null);
    }
    return copy;
  }

  #map(entries: readonly (readonly [key: string, read: () => unknown])[]): Record<string, unknown> {
    const copy: [string, unknown][] = [];
    for (const [key, read] of entries) {
      if (this.#left-- <= 0) break;
      const item = this.#read(read);
      if (item !== undefined) copy.push([key, item]);
    }
    return Object.fromEntries(copy);
  }

  #read(read: () => unknown): unknown {
    try {
      return this.of(read());
    } catch (thrown) {
      return `[unreadable: ${messageOf(thrown)}]`;
    }
  }
}

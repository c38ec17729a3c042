import { messageOf } from '@backplane/base';

const REDACTED = '[redacted]';
const DEEPEST = 8;
const MOST_VALUES = 2000;
const MOST_TEXT = 16_384;
const SECRET = /(?:password|passwd|passphrase|secret|token|authorization|apikey|privatekey|cookie)$/;
/** A line's own keys, which a field must not claim to be. */
const RESERVED: ReadonlySet<string> = new Set(['time', 'level', 'namespace', 'msg']);

type Fields = Readonly<Record<string, unknown>>;

/**
 * Makes fields fit for a log line: secrets by their names, at any depth, are replaced by `[redacted]`; errors show message, code, stack and
 * cause; bytes show their number. At most eight levels, 2,000 values and 16,384 characters of each text are looked at. The caller's objects are not touched. Never throws.
 */
export function presentable(fields: unknown): Fields {
  try {
    const presenter = new Presenter();
    if (fields instanceof Error) return { error: presenter.value(fields, 1) };
    if (typeof fields !== 'object' || fields === null) return { value: presenter.value(fields, 1) };
    const line = presenter.object(fields, 0);
    for (const key of Object.keys(line)) {
      if (!RESERVED.has(key)) continue;
      line[`${key}_`] = line[key];
      delete line[key];
    }
    return line;
  } catch (thrown) {
    return { fields_unreadable: messageOf(thrown) };
  }
}

/** A text that is fit for a log line: whoever writes megabytes fills a disk. */
export const boundedText = (text: string): string =>
  text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}… (${text.length} characters)` : text;

/** True for keys such as `password`, `access_token`, `X-Api-Key` and `clientSecret`. */
export function isSecretName(key: string): boolean {
  return SECRET.test(key.toLowerCase().replaceAll(/[-_. ]/g, ''));
}

class Presenter {
  #left = MOST_VALUES;

  value(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return boundedText(value);
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null) return value;
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (value instanceof Date) return value;
    if (depth >= DEEPEST) return '[deeper]';
    if (Array.isArray(value) || value instanceof Set) return this.#list(value, depth);
    if (value instanceof Error) return this.#error(value, depth);
    if (value instanceof Map) return this.object(Object.fromEntries(value), depth);
    if ('toJSON' in value && typeof value.toJSON === 'function') return this.value(value.toJSON(), depth + 1);
    return this.object(value, depth);
  }

  object(value: object, depth: number): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      if (this.#left-- <= 0) break;
      const item: unknown = Reflect.get(value, key);
      copy[key] = isSecretName(key) && item != null ? REDACTED : this.value(item, depth + 1);
    }
    return copy;
  }

  #list(items: Iterable<unknown>, depth: number): unknown[] {
    const copy: unknown[] = [];
    for (const item of items) {
      if (this.#left-- <= 0) break;
      copy.push(this.value(item, depth + 1));
    }
    return copy;
  }

  #error(error: Error, depth: number): Record<string, unknown> {
    return {
      type: error.name,
      message: this.value(error.message, depth),
      ...this.object(error, depth),
      stack: this.value(error.stack, depth),
      ...(error.cause !== undefined && { cause: this.value(error.cause, depth + 1) }),
      ...(error instanceof AggregateError && { errors: this.value(error.errors, depth + 1) }),
    };
  }
}

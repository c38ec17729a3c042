import type { Random } from '../../fleet/random.ts';
import { type ApiDocument, resolved, type Schema } from './api-document.ts';

/** Things that are there, or were, by the names under which a request asks for them. */
export type Pools = ReadonlyMap<string, readonly unknown[]>;

const HOSTILE: readonly unknown[] = [
  '',
  ' ',
  'a'.repeat(5000),
  '\u0000',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  '😀\u202e',
  '\ud800',
  "'; DROP TABLE plugins; --",
  '%2e%2e%2f',
  '-1',
  '1e309',
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  2 ** 53,
  [],
  {},
  [[[[[[[[[[]]]]]]]]]],
  { $ref: '#' },
  { secret: 'x' },
  { constructor: { prototype: {} } },
];

/** Something that nobody asks for. */
export const hostile = (random: Random): unknown => random.pick(HOSTILE);

/** Makes values that fit schemas, or nearly do. */
export class Values {
  readonly #document: ApiDocument;
  readonly #random: Random;
  readonly #pools: Pools;

  constructor(document: ApiDocument, random: Random, pools: Pools) {
    this.#document = document;
    this.#random = random;
    this.#pools = pools;
  }

  /** A value for a schema; now and then one with something wrong in it. `name` is what it is asked for by. */
  of(given: Schema, name = '', depth = 0): unknown {
    const random = this.#random;
    if (random.chance(0.02)) return hostile(random);
    const schema = resolved(this.#document, given);
    const pool = this.#pools.get(name);
    if (pool !== undefined && random.chance(0.8)) return random.pick(pool);
    if ('const' in schema) return schema.const;
    if (schema.enum) return random.pick(schema.enum);
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices) return this.of(random.pick(choices) as Schema, name, depth);
    if (schema.type === 'object' || schema.properties) return this.#object(schema, depth);
    if (schema.type === 'array') return this.#array(schema, name, depth);
    return this.#scalar(schema, depth);
  }

  #object(schema: Schema, depth: number): Record<string, unknown> {
    const random = this.#random;
    const entries: [string, unknown][] = [];
    const required = new Set<string>(schema.required ?? []);
    for (const [key, value] of Object.entries<Schema>(schema.properties ?? {})) {
      const wanted = required.has(key) ? 0.98 : depth > 3 ? 0.2 : 0.4;
      if (random.chance(wanted)) entries.push([key, this.of(value, key, depth + 1)]);
    }
    const free = schema.patternProperties
      ? Object.values<Schema>(schema.patternProperties)[0]
      : schema.additionalProperties;
    if (free && typeof free === 'object' && depth < 5)
      for (let left = random.int(0, 3); left > 0; left--)
        entries.push([String(this.#key()), this.of(free as Schema, '', depth + 1)]);
    if (random.chance(0.03)) entries.push([String(hostile(random)), hostile(random)]);
    return Object.fromEntries(entries);
  }

  #key(): unknown {
    return this.#random.pick(this.#pools.get('key') ?? ['key']);
  }

  #array(schema: Schema, name: string, depth: number): unknown[] {
    const length = this.#random.int(schema.minItems ?? 0, Math.min(schema.maxItems ?? 4, 4));
    return Array.from({ length }, () => this.of(schema.items ?? {}, name, depth + 1));
  }

  #scalar(schema: Schema, depth: number): unknown {
    const random = this.#random;
    const types: readonly string[] = schema.type === undefined ? ANY : [schema.type].flat();
    switch (random.pick(types)) {
      case 'boolean':
        return random.chance(0.5);
      case 'integer':
      case 'number':
        return this.#number(schema);
      case 'null':
        return null;
      case 'array':
        return depth > 4 ? [] : [this.of({}, '', depth + 1)];
      case 'object':
        return depth > 4 ? {} : { [String(this.#key())]: this.of({}, '', depth + 1) };
      default:
        return this.#text(schema);
    }
  }

  #number({ minimum = 0, maximum = 1000, type }: Schema): number {
    const random = this.#random;
    const edge = random.pick([minimum, maximum, minimum - 1, maximum + 1]) as number;
    if (random.chance(0.1)) return edge;
    return type === 'number' ? random.next() * 100 : random.int(minimum, Math.min(maximum, minimum + 50));
  }

  #text({ minLength = 0, maxLength = 12, format }: Schema): string {
    const random = this.#random;
    if (format === 'date-time') return new Date(random.int(0, 2 ** 31 - 1) * 1000).toISOString();
    if (random.chance(0.03)) return 'x'.repeat(Math.min(maxLength, 100_000) + 1);
    const word = random.pick(WORDS) as string;
    return word.slice(0, Math.max(minLength, Math.min(maxLength, word.length)));
  }
}

const ANY = ['boolean', 'integer', 'null', 'array', 'object', 'string'];
const WORDS = [
  'a',
  'word',
  'shop',
  'x-y',
  '5',
  'true',
  'two words',
  'Ä',
  'a.b.c',
  '2026-01-01T00:00:00Z',
  'info',
  'plugins',
];

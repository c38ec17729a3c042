import { Type } from 'typebox';
import { z } from 'zod';
import type { PropertyMap } from './config-schema.ts';
import { definePlugin } from './define-plugin.ts';

/** Fails to compile where the two differ, in either direction. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { found: A; wanted: B };
declare function same<A, B>(equal: Same<A, B>): void;

const named = { name: 'x', version: '1.0.0' } as const;

// A JSON Schema, written in place.
definePlugin({
  ...named,
  config: {
    type: 'object',
    properties: {
      url: { type: 'string', format: 'uri' },
      retries: { type: 'integer', minimum: 0, default: 3 },
      mode: { enum: ['fast', 'safe'] },
      tags: { type: 'array', items: { type: 'string' } },
      limit: { type: ['number', 'null'] },
      tls: { type: 'object', properties: { ca: { type: 'string' }, port: { const: 443 } }, required: ['ca'] },
      either: { anyOf: [{ type: 'string' }, { type: 'boolean' }] },
      free: {},
    },
    required: ['url'],
    additionalProperties: false,
  },
  initialize({ config }) {
    same<
      typeof config,
      {
        readonly url: string;
        readonly retries: number;
        readonly mode?: 'fast' | 'safe';
        readonly tags?: readonly string[];
        readonly limit?: number | null;
        readonly tls?: { readonly ca: string; readonly port?: 443 };
        readonly either?: string | boolean;
        readonly free?: unknown;
      }
    >(true);
    // @ts-expect-error the schema has no such key
    config.urls;
    // @ts-expect-error it is neither required nor has it a default
    config.tags.length;
    // @ts-expect-error configuration is frozen
    config.url = 'https://example.org';
    // @ts-expect-error the list is frozen too
    config.tags?.push('x');
  },
});

// A map of properties, as the reference documents print it.
definePlugin({
  ...named,
  config: {
    api_key: { type: 'string', required: true, encrypted: true },
    currency: { type: 'string', enum: ['EUR', 'USD'], default: 'EUR' },
    algorithms: { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, minItems: 1, default: ['a'] },
    sandbox: { type: 'boolean', required: false },
    // Called like keywords of JSON Schema: a map all the same.
    properties: { type: 'object', properties: { deep: { type: 'integer', required: true } } },
    type: { type: 'string' },
  },
  initialize({ config }) {
    same<
      typeof config,
      {
        readonly api_key: string;
        readonly currency: 'EUR' | 'USD';
        readonly algorithms: readonly ('a' | 'b')[];
        readonly sandbox?: boolean;
        readonly properties?: { readonly deep: number };
        readonly type?: string;
      }
    >(true);
    // @ts-expect-error not one of the values
    config.currency === 'GBP';
  },
});

// The same in a place of its own: `satisfies` keeps the literal types.
const apart = { level: { type: 'string', enum: ['low', 'high'], required: true } } as const satisfies PropertyMap;
definePlugin({
  ...named,
  config: apart,
  initialize: ({ config }) => same<typeof config, { readonly level: 'low' | 'high' }>(true),
});
// @ts-expect-error a keyword is misspelt
({ level: { type: 'string', minLenght: 1 } }) satisfies PropertyMap;

// Standard Schema: what the schema gives, not what it takes.
definePlugin({
  ...named,
  config: z.object({ port: z.coerce.number().default(80), host: z.string().optional() }),
  initialize: ({ config }) => same<typeof config, { port: number; host?: string | undefined }>(true),
});

// TypeBox, without a cast.
definePlugin({
  ...named,
  config: Type.Object({
    host: Type.String({ minLength: 1 }),
    port: Type.Optional(Type.Integer({ minimum: 1 })),
    mode: Type.Union([Type.Literal('fast'), Type.Literal('safe')]),
    kind: Type.Enum(['a', 'b']),
    hosts: Type.Array(Type.Object({ name: Type.String() })),
    headers: Type.Record(Type.String(), Type.String()),
    ttl: Type.Unsafe<`${number}s`>({ type: 'string', pattern: '^[0-9]+s$' }),
    any: Type.Unknown(),
  }),
  initialize({ config }) {
    same<
      typeof config,
      {
        readonly host: string;
        readonly mode: 'fast' | 'safe';
        readonly kind: 'a' | 'b';
        readonly hosts: readonly { readonly name: string }[];
        readonly headers: Readonly<Record<string, string>>;
        readonly ttl: `${number}s`;
        readonly any: unknown;
        readonly port?: number;
      }
    >(true);
  },
});
definePlugin({
  ...named,
  config: Type.Object({ all: Type.Optional(Type.Boolean()) }),
  initialize: ({ config }) => same<typeof config, { readonly all?: boolean }>(true),
});

// Without a schema there is nothing to read.
definePlugin({
  ...named,
  initialize({ config }) {
    // @ts-expect-error no schema, no keys
    config.anything;
  },
});

// @ts-expect-error there is no such type
definePlugin({ ...named, config: { level: { type: 'strng' } } });
// @ts-expect-error there is no such type, deeper down
definePlugin({ ...named, config: { type: 'object', properties: { level: { type: 'text' } } } });
// @ts-expect-error an example value is no schema
definePlugin({ ...named, config: { level: 'low' } });
// @ts-expect-error a function is no schema
definePlugin({ ...named, config: () => ({}) });

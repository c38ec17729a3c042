import type { StandardSchemaV1 } from '@standard-schema/spec';

type JsonTypeName = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null';

/** The part of JSON Schema (2020-12) that the types read; every keyword is honoured at run time. */
export interface JsonSchema {
  readonly type?: JsonTypeName | readonly JsonTypeName[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  /** Stored encrypted, never printed or logged. */
  readonly encrypted?: boolean;
  readonly [keyword: string]: unknown;
}

/** One entry of the short form: a JSON Schema with `required` on the property itself. */
export interface PropertySchema extends Omit<JsonSchema, 'required' | 'type'> {
  readonly type: JsonTypeName;
  readonly required?: boolean;
}

/** The short form: a map of properties. */
export type PropertyMap = Readonly<Record<string, PropertySchema>>;

/** What `config` of a plugin takes: a Standard Schema (zod, valibot, TypeBox, …), a JSON Schema, or a map of properties. */
export type ConfigSchema = StandardSchemaV1 | JsonSchema | PropertyMap;

type Named<T> = T extends 'string'
  ? string
  : T extends 'number' | 'integer'
    ? number
    : T extends 'boolean'
      ? boolean
      : T extends 'null'
        ? null
        : T extends 'array'
          ? readonly unknown[]
          : T extends 'object'
            ? Readonly<Record<string, unknown>>
            : unknown;

type RequiredNames<S> = S extends { readonly required: readonly (infer K)[] } ? K : never;

/** A property is surely there when it is required or has a default. */
type Present<P, S> = {
  [K in keyof P]: K extends RequiredNames<S> ? K : P[K] extends { readonly default: unknown } ? K : never;
}[keyof P];

type Flat<T> = { [K in keyof T]: T[K] };

type InferObject<P, S> = Flat<
  { readonly [K in Present<P, S>]: InferJson<P[K]> } & {
    readonly [K in Exclude<keyof P, Present<P, S>>]?: InferJson<P[K]>;
  }
>;

type InferJson<S> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends { readonly type: 'object'; readonly properties: infer P }
      ? InferObject<P, S>
      : S extends { readonly type: 'array'; readonly items: infer I }
        ? readonly InferJson<I>[]
        : S extends { readonly type: readonly (infer T)[] }
          ? Named<T>
          : S extends { readonly type: infer T }
            ? Named<T>
            : unknown;

type MapPresent<M> = {
  [K in keyof M]: M[K] extends { readonly required: true } | { readonly default: unknown } ? K : never;
}[keyof M];

type InferMap<M> = Flat<
  { readonly [K in MapPresent<M>]: InferJson<M[K]> } & {
    readonly [K in Exclude<keyof M, MapPresent<M>>]?: InferJson<M[K]>;
  }
>;

/** The type of a plugin's configuration, from its schema. */
export type InferConfig<S> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<S>
  : S extends { readonly type: JsonTypeName } | { readonly properties: object } | { readonly $schema: string }
    ? InferJson<S>
    : S extends Readonly<Record<string, { readonly type: JsonTypeName }>>
      ? InferMap<S>
      : Readonly<Record<string, unknown>>;

import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JsonSchema, JsonTypeName } from './json-schema.ts';

/** One entry of the short form: a JSON Schema with `required` on the property itself. */
export interface PropertySchema extends Omit<JsonSchema, 'type' | 'required' | 'properties' | 'items'> {
  readonly type: JsonTypeName;
  /** Default `false`. On an object a list of names does as well, as in JSON Schema. */
  readonly required?: boolean | readonly string[];
  /** Of an object, in the short form again. */
  readonly properties?: PropertyMap;
  readonly items?: PropertySchema;
}

/** The short form: a map of properties. Keys that it does not name are refused. */
export type PropertyMap = Readonly<{ [property: string]: PropertySchema }>;

/** What `config` of a plugin takes: a Standard Schema (zod, valibot, arktype, …), a JSON Schema (TypeBox's too), or a map of properties. */
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
  [K in keyof P]: K extends RequiredNames<S>
    ? K
    : P[K] extends { readonly default: unknown } | { readonly required: true }
      ? K
      : never;
}[keyof P];

type Flat<T> = { [K in keyof T]: T[K] };

type InferObject<P, S> = Flat<
  { readonly [K in Present<P, S>]: InferJson<P[K]> } & {
    readonly [K in Exclude<keyof P, Present<P, S>>]?: InferJson<P[K]>;
  }
>;

/** What a TypeBox type says of itself, and no JSON Schema could. */
interface TypeBoxUnsafe<T> {
  readonly '~unsafe': T;
}

type InferJson<S> =
  S extends TypeBoxUnsafe<infer T>
    ? T
    : S extends { readonly const: infer C }
      ? C
      : S extends { readonly enum: readonly (infer E)[] }
        ? E
        : S extends { readonly anyOf: readonly (infer A)[] } | { readonly oneOf: readonly (infer A)[] }
          ? InferEach<A>
          : S extends { readonly type: 'object'; readonly properties: infer P }
            ? InferObject<P, S>
            : S extends { readonly type: 'object'; readonly patternProperties: Readonly<Record<string, infer V>> }
              ? Readonly<Record<string, InferJson<V>>>
              : S extends { readonly type: 'array'; readonly items: infer I }
                ? readonly InferJson<I>[]
                : S extends { readonly type: readonly (infer T)[] }
                  ? Named<T>
                  : S extends { readonly type: infer T }
                    ? Named<T>
                    : unknown;

/** Of each member of a union of schemas by itself. */
type InferEach<S> = S extends unknown ? InferJson<S> : never;

/** As the host tells them apart: every entry of a map has a `type` that is a text. */
type InferredMap = { readonly [property: string]: { readonly type: JsonTypeName } };

/** The configuration of a plugin without a schema: read no key before `config` declares it. */
export interface NoConfigDeclared extends Readonly<Record<never, unknown>> {}

/** The type of a plugin's configuration, from its schema. */
export type InferConfig<S> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<S>
  : [keyof S] extends [never]
    ? NoConfigDeclared
    : S extends InferredMap
      ? InferObject<S, unknown>
      : S extends { readonly properties: infer P; readonly type?: 'object' }
        ? InferObject<P, S>
        : S extends JsonSchema
          ? unknown extends InferJson<S>
            ? Readonly<Record<string, unknown>>
            : InferJson<S>
          : Readonly<Record<string, unknown>>;

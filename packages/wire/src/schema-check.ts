import type { ConfigSchema, JsonSchema } from '@backplane/plugin-api';
import { errors } from './errors.ts';
import { compileJsonSchema } from './json-schema-check.ts';
import { isPropertyMap, schemaOfPropertyMap } from './property-map.ts';
import type { SchemaIssue } from './schema-issue.ts';
import { isStandardSchema, jsonSchemaOf, standardSchemaCheck } from './standard-schema-check.ts';

export type SchemaOutcome =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[]; readonly value?: undefined };

/**
 * Checks a value: gives it with defaults filled in, or everything that is wrong with it. A JSON Schema answers at once and may change the
 * value; a Standard Schema may give a promise and another value.
 */
export type SchemaCheck = (value: unknown) => SchemaOutcome | Promise<SchemaOutcome>;

export interface CheckOptions {
  /**
   * `text` reads `"8080"` as a number where one is asked for; `lists` also reads one value as a list of one, and the other way, as queries are
   * written. A Standard Schema does what it says by itself. Default: neither.
   */
  readonly coerce?: 'text' | 'lists';
  /** Whether defaults are filled in. Default true. */
  readonly defaults?: boolean;
  /**
   * For values that strangers send: the work is bounded. Of one with more than 2,000 parts only the first issue is told, and never more
   * than 100. Default false.
   */
  readonly bounded?: boolean;
}

/** A schema, whatever it is written in. Nothing is compiled, and nothing loaded, before `compile`. */
export interface NormalizedSchema {
  /** What it accepts as JSON Schema (2020-12); `undefined` where that cannot be known. */
  readonly jsonSchema: JsonSchema | undefined;
  /** @throws BP_SCHEMA_INVALID */
  compile(options?: CheckOptions): Promise<SchemaCheck>;
}

/**
 * One form for all that a schema may be: Standard Schema, JSON Schema, a map of properties.
 * @throws BP_SCHEMA_INVALID for what is no schema in any form
 */
export function normalizeSchema(schema: ConfigSchema): NormalizedSchema {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null || Array.isArray(schema))
    throw errors.BP_SCHEMA_INVALID({ reason: 'it is neither an object nor a Standard Schema' });
  if (isStandardSchema(schema)) {
    const jsonSchema = jsonSchemaOf(schema);
    return { jsonSchema, compile: async ({ bounded } = {}) => standardSchemaCheck(schema, jsonSchema, bounded) };
  }
  const jsonSchema = isPropertyMap(schema) ? schemaOfPropertyMap(schema) : (schema as JsonSchema);
  return { jsonSchema, compile: (options = {}) => compileJsonSchema(jsonSchema, options) };
}

import type { ConfigSchema, JsonSchema } from '@backplane/plugin-api';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ConfigValidator, ValidatorOptions } from './config-validator.ts';
import { errors } from './errors.ts';
import { jsonSchemaValidator } from './json-schema-validator.ts';
import { copyPlain, deepFreeze } from './plain-data.ts';
import { isPropertyMap, schemaOfPropertyMap } from './property-map.ts';
import { standardSchemaValidator } from './standard-schema-validator.ts';

/**
 * One validator for every form a schema may have: Standard Schema, JSON Schema, a map of properties. Nothing is compiled before the
 * first `validate`. Without a schema every value passes, frozen.
 * @throws BP_CONFIG_SCHEMA_INVALID for what is no schema in any form
 */
export function normalizeConfigSchema(
  schema: ConfigSchema | undefined,
  options: ValidatorOptions = {},
): ConfigValidator {
  if (schema === undefined) {
    return { jsonSchema: undefined, validate: async (value) => ({ value: deepFreeze(copyPlain(value)) }) };
  }
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null || Array.isArray(schema))
    throw errors.BP_CONFIG_SCHEMA_INVALID({ reason: 'it is neither an object nor a Standard Schema' });
  if (isStandardSchema(schema)) return standardSchemaValidator(schema);
  return jsonSchemaValidator(isPropertyMap(schema) ? schemaOfPropertyMap(schema) : (schema as JsonSchema), options);
}

function isStandardSchema(schema: object): schema is StandardSchemaV1 {
  const standard = (schema as Partial<StandardSchemaV1>)['~standard'];
  return typeof standard?.validate === 'function';
}

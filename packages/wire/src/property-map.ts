import type { ConfigSchema, JsonSchema, PropertyMap } from '@backplane/plugin-api';
import { isPlainMap, type PlainMap } from './plain-data.ts';

/** Keywords that make a schema of an object that has no `type`. */
const SCHEMA_KEYWORDS = [
  '$ref',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'const',
  'enum',
  'additionalProperties',
] as const;

/** True for the short form, a map of properties. As in the types: a `type` that is text, `properties` or `$schema` make a JSON Schema. */
export function isPropertyMap(schema: ConfigSchema): schema is PropertyMap {
  const { type, properties, $schema } = schema as PlainMap;
  if (typeof type === 'string' || Array.isArray(type) || typeof $schema === 'string') return false;
  if (isPlainMap(properties) && typeof properties.type !== 'string') return false;
  return !SCHEMA_KEYWORDS.some((keyword) => keyword in schema && !isProperty((schema as PlainMap)[keyword]));
}

const isProperty = (value: unknown) => isPlainMap(value) && typeof value.type === 'string';

/** The JSON Schema of a map of properties: closed, `required: true` gathered into a list, at every depth. */
export function schemaOfPropertyMap(map: PropertyMap): JsonSchema {
  return { type: 'object', ...closed(map as PlainMap, []) };
}

function closed(properties: PlainMap, alsoRequired: readonly string[]): JsonSchema {
  const required = Object.keys(properties).filter((key) => {
    const property = properties[key];
    return isPlainMap(property) && property.required === true;
  });
  return {
    properties: Object.fromEntries(Object.entries(properties).map(([key, property]) => [key, schemaOf(property)])),
    required: [...new Set([...required, ...alsoRequired])],
    additionalProperties: false,
  };
}

function schemaOf(property: unknown): JsonSchema {
  // What is no map is left for the check of the schema to refuse.
  if (!isPlainMap(property)) return property as JsonSchema;
  const { required, properties, items, ...rest } = property;
  return {
    ...(isPlainMap(properties) && closed(properties, Array.isArray(required) ? required : [])),
    ...(items !== undefined && { items: schemaOf(items) }),
    ...rest,
  };
}

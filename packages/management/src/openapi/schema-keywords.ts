/** What the value of a keyword must be, for the schema to be one of OpenAPI 3.1. */
export type KeywordKind =
  | 'schema'
  | 'schemas'
  | 'map'
  | 'text'
  | 'number'
  | 'positive'
  | 'count'
  | 'flag'
  | 'texts'
  | 'lists'
  | 'list'
  | 'any';

/** The keywords of JSON Schema 2020-12, and those of older drafts that still say something. */
export const KEYWORDS: Readonly<Record<string, KeywordKind>> = {
  additionalProperties: 'schema',
  unevaluatedProperties: 'schema',
  propertyNames: 'schema',
  items: 'schema',
  unevaluatedItems: 'schema',
  contains: 'schema',
  contentSchema: 'schema',
  not: 'schema',
  if: 'schema',
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: 'schema',
  else: 'schema',
  allOf: 'schemas',
  anyOf: 'schemas',
  oneOf: 'schemas',
  prefixItems: 'schemas',
  properties: 'map',
  patternProperties: 'map',
  dependentSchemas: 'map',
  $defs: 'map',
  definitions: 'map',
  title: 'text',
  description: 'text',
  pattern: 'text',
  format: 'text',
  contentEncoding: 'text',
  contentMediaType: 'text',
  $comment: 'text',
  minimum: 'number',
  maximum: 'number',
  exclusiveMinimum: 'number',
  exclusiveMaximum: 'number',
  multipleOf: 'positive',
  minLength: 'count',
  maxLength: 'count',
  minItems: 'count',
  maxItems: 'count',
  minProperties: 'count',
  maxProperties: 'count',
  minContains: 'count',
  maxContains: 'count',
  uniqueItems: 'flag',
  deprecated: 'flag',
  readOnly: 'flag',
  writeOnly: 'flag',
  encrypted: 'flag',
  required: 'texts',
  dependentRequired: 'lists',
  enum: 'list',
  examples: 'list',
  const: 'any',
  default: 'any',
};

export const TYPES: ReadonlySet<unknown> = new Set([
  'string',
  'number',
  'integer',
  'boolean',
  'array',
  'object',
  'null',
]);

export type JsonMap = Readonly<Record<string, unknown>>;

export const isMap = (value: unknown): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Whether a value that holds no schemas may stand behind a keyword of this kind. */
export function isValueOf(kind: KeywordKind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'positive':
      return typeof value === 'number' && value > 0;
    case 'count':
      return Number.isInteger(value) && (value as number) >= 0;
    case 'flag':
      return typeof value === 'boolean';
    case 'texts':
      return isTexts(value) && new Set(value as string[]).size === (value as string[]).length;
    case 'lists':
      return isMap(value) && Object.values(value).every(isTexts);
    case 'list':
      return Array.isArray(value);
    default:
      return kind === 'any';
  }
}

// @ts-check
/** @import { Document, Schema, SchemaObject } from './openapi.d.ts' */

/** References that are followed in a row. */
const LONGEST_CHAIN = 20;
/** Levels of an example. */
const DEEPEST_EXAMPLE = 6;

/**
 * What a reference of the document leads to.
 * @param {Document} document
 * @param {string} reference
 * @returns {unknown}
 */
export function lookUp(document, reference) {
  if (!reference.startsWith('#/')) return undefined;
  /** @type {unknown} */
  let at = document;
  for (const key of reference.slice(2).split('/')) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = /** @type {Record<string, unknown>} */ (at)[
      decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~')
    ];
  }
  return at;
}

/**
 * The schema that is meant, with the name of the component it stands in.
 * @param {Document} document
 * @param {Schema | undefined} schema
 * @returns {{ schema: SchemaObject, name: string | undefined }}
 */
export function resolved(document, schema) {
  /** @type {unknown} */
  let at = schema;
  /** @type {string | undefined} */
  let name;
  for (let followed = 0; followed < LONGEST_CHAIN; followed++) {
    const reference = typeof at === 'object' && at !== null ? /** @type {SchemaObject} */ (at).$ref : undefined;
    if (reference === undefined) break;
    name = reference.startsWith('#/components/schemas/') ? reference.split('/')[3] : name;
    at = lookUp(document, reference);
  }
  return { schema: typeof at === 'object' && at !== null ? /** @type {SchemaObject} */ (at) : {}, name };
}

/**
 * The type of a schema in a few words.
 * @param {Document} document
 * @param {Schema | undefined} given
 * @param {number} [depth]
 * @returns {string}
 */
export function typeOf(document, given, depth = 0) {
  if (given === false) return 'nothing';
  const { schema, name } = resolved(document, given);
  if (depth > 3) return name ?? '…';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined)
    return [...new Set(choices.map((choice) => typeOf(document, choice, depth + 1)))].join(' | ');
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length === 1 && types[0] === 'array') {
    const item = typeOf(document, schema.items, depth + 1);
    return item.includes(' | ') ? `(${item})[]` : `${item}[]`;
  }
  if (name !== undefined) return name;
  if (types.length > 0) return types.join(' | ');
  return schema.properties !== undefined ? 'object' : schema.allOf !== undefined ? 'all of' : 'any';
}

/** @type {readonly (readonly [key: keyof SchemaObject, words: string])[]} */
const LIMITS = [
  ['minimum', '≥'],
  ['exclusiveMinimum', '>'],
  ['maximum', '≤'],
  ['exclusiveMaximum', '<'],
  ['multipleOf', 'multiple of'],
  ['minLength', 'length ≥'],
  ['maxLength', 'length ≤'],
  ['minItems', 'items ≥'],
  ['maxItems', 'items ≤'],
  ['format', ''],
  ['pattern', 'matches'],
];

/**
 * What else a schema asks for, each in a few words.
 * @param {SchemaObject} schema
 * @returns {string[]}
 */
export function limitsOf(schema) {
  const limits = LIMITS.filter(([key]) => schema[key] !== undefined).map(([key, words]) =>
    `${words} ${schema[key]}`.trim(),
  );
  if (schema.default !== undefined) limits.push(`default ${JSON.stringify(schema.default)}`);
  return limits;
}

/**
 * The parts of a schema, by name: its properties, the items of a list, the choices.
 * @param {SchemaObject} schema
 * @returns {{ name: string, schema: Schema, required: boolean, kind: 'property' | 'part' }[]}
 */
export function partsOf(schema) {
  /** @type {{ name: string, schema: Schema, required: boolean, kind: 'property' | 'part' }[]} */
  const parts = [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    parts.push({ name, schema: property, required: schema.required?.includes(name) ?? false, kind: 'property' });
  }
  /** @param {string} name @param {Schema | undefined} part */
  const add = (name, part) => {
    if (part !== undefined && typeof part === 'object')
      parts.push({ name, schema: part, required: false, kind: 'part' });
  };
  for (const [pattern, part] of Object.entries(schema.patternProperties ?? {})) add(`names like ${pattern}`, part);
  add('any other name', schema.additionalProperties);
  for (const [index, part] of (schema.prefixItems ?? []).entries()) add(`item ${index + 1}`, part);
  add('each item', schema.items);
  for (const part of schema.allOf ?? []) add('and', part);
  for (const part of schema.anyOf ?? []) add('either', part);
  for (const part of schema.oneOf ?? []) add('one of', part);
  add('not', schema.not);
  return parts;
}

/**
 * A value that might be accepted, to begin with.
 * @param {Document} document
 * @param {Schema | undefined} given
 * @param {number} [depth]
 * @returns {unknown}
 */
export function exampleOf(document, given, depth = 0) {
  const { schema } = resolved(document, given);
  if (schema.examples !== undefined && schema.examples.length > 0) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (choice !== undefined && depth < DEEPEST_EXAMPLE) return exampleOf(document, choice, depth + 1);
  const type = [schema.type].flat()[0] ?? (schema.properties === undefined ? undefined : 'object');
  switch (type) {
    case 'object':
      if (depth >= DEEPEST_EXAMPLE) return {};
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => schema.required?.includes(name) !== false || depth < 2)
          .map(([name, property]) => [name, exampleOf(document, property, depth + 1)]),
      );
    case 'array':
      return depth >= DEEPEST_EXAMPLE ? [] : [exampleOf(document, schema.items, depth + 1)];
    case 'integer':
    case 'number':
      return schema.minimum ?? 0;
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      return type === 'string' ? '' : null;
  }
}

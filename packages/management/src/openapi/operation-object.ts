import type { OperationDescription, RouteDescription } from '@backplane/ports';
import type { Content, OperationObject, ParameterObject, Reference, ResponseObject } from './openapi-types.ts';
import type { PathParameter } from './path-template.ts';
import type { SchemaBook } from './schema-book.ts';
import { isMap, type JsonMap } from './schema-keywords.ts';

/** Whose operation it is, and what it is called in the document. */
export interface OperationPlace {
  /** The plugin's name: its tag, and the first part of its names. */
  readonly owner: string;
  /** Unique in the document. */
  readonly operationId: string;
  readonly parameters: readonly PathParameter[];
}

const PROBLEM: Reference = { $ref: '#/components/responses/Problem' };
const INVALID: Reference = { $ref: '#/components/responses/InvalidRequest' };
/** What these headers hold is said elsewhere in the document. */
const UNSAID_HEADERS: ReadonlySet<string> = new Set(['accept', 'content-type', 'authorization']);

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** One route as an operation of OpenAPI. Its description is taken for what it is: something that a plugin has said. */
export function operationObject(
  { operation }: RouteDescription,
  { owner, operationId, parameters: inPath }: OperationPlace,
  book: SchemaBook,
): OperationObject {
  const said: OperationDescription = isMap(operation) ? (operation as OperationDescription) : { responses: {} };
  const shared = isMap(said.shared) ? said.shared : {};
  const name = operationId.slice(owner.length + 1);
  const schemaOf = (schema: unknown, part: string) => book.add(schema, owner, `${name}.${part}`, shared);
  const parameters = [
    ...inPath.map((parameter) => pathParameter(parameter, said.params, schemaOf)),
    ...parametersOf('query', said.query, shared, schemaOf),
    ...parametersOf('header', said.headers, shared, schemaOf),
  ];
  const [summary, description] = [textOf(said.summary), textOf(said.description)];
  const tags = Array.isArray(said.tags) ? said.tags.filter((tag) => textOf(tag) !== undefined && tag !== owner) : [];
  const body = contentOf(said.body, 'body', schemaOf);
  const asks = parameters.length > inPath.length || said.params !== undefined || body !== undefined;
  return {
    operationId,
    tags: [owner, ...new Set(tags)],
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(said.deprecated === true && { deprecated: true }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { required: true, content: body } }),
    responses: responsesOf(said.responses, asks, schemaOf),
  };
}

type SchemaOf = (schema: unknown, part: string) => unknown;

function pathParameter({ name, label, pattern }: PathParameter, params: unknown, schemaOf: SchemaOf): ParameterObject {
  const properties = isMap(params) && isMap(params.properties) ? params.properties : {};
  const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
  const description = isMap(known) ? textOf(known.description) : name === '*' ? 'The rest of the path.' : undefined;
  const schema = known ?? { type: 'string', ...(pattern !== undefined && isPattern(pattern) && { pattern }) };
  return {
    name: label,
    in: 'path',
    required: true,
    ...(description !== undefined && { description }),
    schema: schemaOf(schema, label),
  };
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') !== undefined;
  } catch {
    return false;
  }
}

/** A parameter for each property of a schema of queries or headers; one for all where the schema cannot be taken apart. */
function parametersOf(
  where: 'query' | 'header',
  schema: unknown,
  shared: JsonMap,
  schemaOf: SchemaOf,
): ParameterObject[] {
  if (!isMap(schema)) return [];
  const whole = typeof schema.$ref === 'string' ? shared[schema.$ref.replace(/#$/, '')] : schema;
  const properties = isMap(whole) ? whole.properties : undefined;
  if (!isMap(whole) || !isMap(properties)) {
    return where === 'query' ? [{ name: 'query', in: where, schema: schemaOf(schema, 'query') }] : [];
  }
  // What is referred to inside of the whole must stay in reach of its parts.
  const { $defs, definitions } = whole;
  const context = { ...($defs !== undefined && { $defs }), ...(definitions !== undefined && { definitions }) };
  const required = Array.isArray(whole.required) ? whole.required : [];
  return Object.entries(properties)
    .filter(([name]) => where === 'query' || !UNSAID_HEADERS.has(name.toLowerCase()))
    .map(([name, property]): ParameterObject => {
      const description = isMap(property) ? textOf(property.description) : undefined;
      const refers = Object.keys(context).length > 0 && JSON.stringify(property).includes('"$ref"');
      return {
        name,
        in: where,
        ...(required.includes(name) && { required: true }),
        ...(description !== undefined && { description }),
        schema: schemaOf(refers && isMap(property) ? { ...context, ...property } : property, name),
      };
    });
}

function contentOf(content: unknown, part: string, schemaOf: SchemaOf): Content | undefined {
  if (!isMap(content)) return undefined;
  const entries = Object.entries(content).filter(([type]) => /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+(;.*)?$/.test(type));
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([type, schema]) => [type, { schema: schemaOf(schema, part) }]));
}

function responsesOf(said: unknown, asks: boolean, schemaOf: SchemaOf): OperationObject['responses'] {
  const responses: Record<string, ResponseObject | Reference> = {};
  for (const [status, response] of Object.entries(isMap(said) ? said : {})) {
    if (!/^([1-5](\d\d|XX)|default)$/.test(status) || !isMap(response)) continue;
    const content = contentOf(response.content, status, schemaOf);
    const description = textOf(response.description) ?? 'An answer.';
    responses[status] = { description, ...(content !== undefined && { content }) };
  }
  if (asks) responses[400] ??= INVALID;
  if (Object.keys(responses).some((status) => status !== 'default')) responses.default ??= PROBLEM;
  else responses.default ??= { description: 'Any answer.' };
  return responses;
}

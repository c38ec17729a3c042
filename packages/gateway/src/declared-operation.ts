import { messageOf } from '@backplane/base';
import type { AnyOperation, OperationMethod } from '@backplane/plugin-api';
import { nearestName } from '@backplane/wire';
import { type NormalizedSchema, normalizeSchema } from '@backplane/wire/schema';
import { mismatchOf, parametersIn } from './operation-path.ts';

/** One part of a request that an operation has a schema for. */
export interface OperationPart {
  readonly key: (typeof PARTS)[number];
  readonly schema: NormalizedSchema;
}

/** One answer that an operation may give. */
export interface DeclaredResponse {
  readonly description: string | undefined;
  readonly contentType: string | undefined;
  readonly schema: NormalizedSchema | undefined;
}

/** An operation that has been read: what can still be wrong in it is what a schema says. */
export interface DeclaredOperation {
  readonly definition: AnyOperation;
  /** Method and path, for people. */
  readonly label: string;
  readonly parts: readonly OperationPart[];
  /** By status; `undefined` where any answer will do. */
  readonly responses: ReadonlyMap<number, DeclaredResponse> | undefined;
}

const PARTS = ['params', 'query', 'headers', 'body'] as const;
const METHODS: readonly OperationMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const KEYS = [
  ...['method', 'path', 'operationId', 'summary', 'description', 'tags', 'deprecated'],
  ...PARTS,
  ...['responses', 'handler'],
];
const RESPONSE_KEYS = ['description', 'schema', 'contentType'];

/** Reads a definition. A text, in its place, says what is wrong with it. */
export function declareOperation(definition: AnyOperation): DeclaredOperation | string {
  const { method, path, operationId, handler } = definition;
  const stranger = strangerIn(definition, KEYS);
  if (stranger !== undefined) return `it has ${stranger}`;
  if (!METHODS.includes(method)) return `its method must be one of ${METHODS.join(', ')}`;
  if (typeof handler !== 'function') return 'it has no handler';
  if (operationId !== undefined && !/^[A-Za-z_][\w.-]{0,99}$/.test(operationId)) {
    return 'its operationId must begin with a letter, and go on with letters, digits, "_", "." and "-"';
  }
  if (method === 'GET' && definition.body !== undefined) return 'a GET has no body';
  const names = parametersIn(path);
  if (typeof names === 'string') return names;
  const parts: OperationPart[] = [];
  for (const key of PARTS) {
    const schema = schemaOf(definition[key]);
    if (typeof schema === 'string') return `the schema of its ${key} is refused: ${schema}`;
    if (schema !== undefined) parts.push({ key, schema });
  }
  const mismatch = mismatchOf(names, parts.find(({ key }) => key === 'params')?.schema);
  if (mismatch !== undefined) return mismatch;
  const responses = responsesOf(definition);
  if (typeof responses === 'string') return responses;
  return { definition, label: `${method} ${path}`, parts, responses };
}

function responsesOf({ responses }: AnyOperation): Map<number, DeclaredResponse> | string | undefined {
  if (responses === undefined) return undefined;
  const declared = new Map<number, DeclaredResponse>();
  for (const [status, response] of Object.entries(responses)) {
    const stranger = strangerIn(response, RESPONSE_KEYS);
    if (stranger !== undefined) return `its response ${status} has ${stranger}`;
    if (!/^[2-5]\d\d$/.test(status)) return `"${status}" is not the status of an answer`;
    const schema = schemaOf(response.schema);
    if (typeof schema === 'string') return `the schema of its response ${status} is refused: ${schema}`;
    declared.set(Number(status), { description: response.description, contentType: response.contentType, schema });
  }
  return declared.size === 0 ? 'its responses are empty' : declared;
}

function schemaOf(schema: AnyOperation['body']): NormalizedSchema | string | undefined {
  if (schema === undefined) return undefined;
  try {
    return normalizeSchema(schema);
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function strangerIn(object: object, known: readonly string[]): string | undefined {
  const stranger = Object.keys(object).find((key) => !known.includes(key));
  if (stranger === undefined) return undefined;
  const nearest = nearestName(stranger, known);
  return `an unknown key "${stranger}"${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`;
}

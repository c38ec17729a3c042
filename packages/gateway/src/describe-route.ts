import { STATUS_CODES } from 'node:http';
import type { OperationDescription, ResponseDescription, RouteDescription } from '@backplane/ports';
import type { FastifyInstance, RouteOptions } from 'fastify';
import type { DeclaredOperation, DeclaredResponse, OperationPart } from './declared-operation.ts';
import { plainJson } from './plain-json.ts';

/** Where the configuration of a route holds a description that is better than its schema. */
export const DESCRIBED: unique symbol = Symbol('backplane.described');

const JSON_TYPE = 'application/json';

/** What a declared operation says of itself. */
export function describeOperation({ definition, parts, responses }: DeclaredOperation): OperationDescription {
  const { operationId, summary, description, tags, deprecated } = definition;
  const schemaOf = (key: OperationPart['key']) => {
    const part = parts.find((candidate) => candidate.key === key);
    return part && (plainJson(part.schema.jsonSchema) ?? {});
  };
  const [params, query, headers, body] = (['params', 'query', 'headers', 'body'] as const).map(schemaOf);
  return {
    ...(operationId !== undefined && { operationId }),
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags: [...tags] }),
    ...(deprecated === true && { deprecated }),
    ...(params !== undefined && { params }),
    ...(query !== undefined && { query }),
    ...(headers !== undefined && { headers }),
    ...(body !== undefined && { body: { [JSON_TYPE]: body } }),
    responses: responses
      ? Object.fromEntries([...responses].map(([status, response]) => [status, describeResponse(status, response)]))
      : { default: { description: 'Any answer.' } },
  };
}

function describeResponse(status: number, response: DeclaredResponse): ResponseDescription {
  const { description = STATUS_CODES[status] ?? 'An answer.', contentType = JSON_TYPE, schema } = response;
  if (schema === undefined && response.contentType === undefined) return { description };
  return { description, content: { [contentType]: plainJson(schema?.jsonSchema) ?? {} } };
}

/** What a Fastify route says of itself; nothing for one that is hidden (`schema.hide`). `scope` knows the schemas it may refer to. */
export function describeRoute(scope: FastifyInstance, route: RouteOptions): RouteDescription[] {
  const described = (route.config as { [DESCRIBED]?: OperationDescription } | undefined)?.[DESCRIBED];
  const schema = route.schema as FastifySchema | undefined;
  if (schema?.hide === true) return [];
  const operation = described ?? (schema && describeSchema(schema, scope));
  return [route.method].flat().map((method) => ({ method: method.toUpperCase(), url: route.url, operation }));
}

/** The members of a route's schema that Fastify itself, or the plugins that document it, have given a meaning. */
interface FastifySchema {
  readonly hide?: unknown;
  readonly operationId?: unknown;
  readonly summary?: unknown;
  readonly description?: unknown;
  readonly tags?: unknown;
  readonly deprecated?: unknown;
  readonly params?: unknown;
  readonly querystring?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly response?: unknown;
}

function describeSchema(schema: FastifySchema, scope: FastifyInstance): OperationDescription {
  const text = (key: 'operationId' | 'summary' | 'description') =>
    typeof schema[key] === 'string' ? { [key]: schema[key] as string } : {};
  const { tags, deprecated, params, headers, body } = schema;
  const query = schema.querystring ?? schema.query;
  const shared = refers(schema) ? (plainJson(scope.getSchemas()) as Record<string, unknown> | undefined) : undefined;
  return {
    ...text('operationId'),
    ...text('summary'),
    ...text('description'),
    ...(Array.isArray(tags) && { tags: tags.filter((tag) => typeof tag === 'string') }),
    ...(deprecated === true && { deprecated }),
    ...(params !== undefined && { params: plainJson(params) ?? {} }),
    ...(query !== undefined && { query: plainJson(query) ?? {} }),
    ...(headers !== undefined && { headers: plainJson(headers) ?? {} }),
    ...(body !== undefined && { body: contentOf(body) }),
    responses: responsesOf(schema.response),
    ...(shared !== undefined && Object.keys(shared).length > 0 && { shared }),
  };
}

const refers = (schema: FastifySchema): boolean => JSON.stringify(plainJson(schema) ?? {}).includes('"$ref"');

function responsesOf(response: unknown): Record<string, ResponseDescription> {
  const responses: Record<string, ResponseDescription> = {};
  for (const [status, given] of Object.entries((response ?? {}) as Record<string, unknown>)) {
    const own = (given as { description?: unknown } | null)?.description;
    const description = typeof own === 'string' && own !== '' ? own : (STATUS_CODES[status] ?? 'An answer.');
    const empty = (given as { type?: unknown } | null)?.type === 'null';
    responses[status.toUpperCase().replace('DEFAULT', 'default')] = empty
      ? { description }
      : { description, content: contentOf(given) };
  }
  return Object.keys(responses).length > 0 ? responses : { default: { description: 'Any answer.' } };
}

/** Schemas by media type: Fastify takes one schema for JSON, or `content`. */
function contentOf(given: unknown): Record<string, unknown> {
  const { content } = (given ?? {}) as { content?: unknown };
  if (typeof content !== 'object' || content === null) return { [JSON_TYPE]: plainJson(given) ?? {} };
  return Object.fromEntries(
    Object.entries(content).map(([type, { schema } = {}]) => [type, plainJson(schema) ?? {}] as const),
  );
}

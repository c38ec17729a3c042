import { isOperationReply, type Logger, type OperationReply } from '@backplane/plugin-api';
import type { ProblemIssue } from '@backplane/wire';
import type { CheckOptions, SchemaCheck } from '@backplane/wire/schema';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DeclaredOperation, DeclaredResponse, OperationPart } from './declared-operation.ts';
import { errors } from './errors.ts';
import { problemIssue, RequestIssues } from './request-issues.ts';

/** What operations need of their app. */
export interface OperationHost {
  readonly plugin: string;
  readonly logger: Logger;
  /** Answers 500 where an answer breaks its schema, in place of logging it. */
  readonly refuseBrokenAnswers: boolean;
}

interface CheckedPart {
  readonly key: OperationPart['key'];
  readonly check: SchemaCheck;
  /** Names of the headers that are checked; the other parts are checked whole. */
  readonly headers: readonly string[] | undefined;
}

type CheckedResponse = Omit<DeclaredResponse, 'schema'> & { readonly check: SchemaCheck | undefined };

/** What comes as text is read as what its schema asks for. */
const COERCE: Readonly<Record<OperationPart['key'], CheckOptions>> = {
  params: { coerce: 'text' },
  query: { coerce: 'lists' },
  headers: { coerce: 'text' },
  body: {},
};

const asIs = (text: unknown): string => text as string;

/** One operation at work: checks what comes in, has it done, checks what goes out. */
export class OperationHandler {
  readonly #operation: DeclaredOperation;
  readonly #host: OperationHost;
  readonly #parts: readonly CheckedPart[];
  readonly #responses: ReadonlyMap<number, CheckedResponse> | undefined;
  readonly #usualStatus: number;

  private constructor(
    operation: DeclaredOperation,
    host: OperationHost,
    parts: readonly CheckedPart[],
    responses: ReadonlyMap<number, CheckedResponse> | undefined,
  ) {
    this.#operation = operation;
    this.#host = host;
    this.#parts = parts;
    this.#responses = responses;
    this.#usualStatus = Math.min(...(responses?.keys() ?? [200]));
  }

  /** @throws BP_OPERATION_INVALID where a schema cannot be compiled */
  static async create(operation: DeclaredOperation, host: OperationHost): Promise<OperationHandler> {
    const compiled = async <T>(what: string, work: Promise<T>): Promise<T> =>
      work.catch((cause) => {
        const problem = `the schema of its ${what} is refused: ${(cause as Error).message}`;
        throw errors.BP_OPERATION_INVALID({ plugin: host.plugin, operation: operation.label, problem }, { cause });
      });
    const parts: CheckedPart[] = [];
    for (const { key, schema } of operation.parts) {
      const headers = key === 'headers' ? Object.keys(schema.jsonSchema?.properties ?? {}) : [];
      const check = await compiled(key, schema.compile({ bounded: true, ...COERCE[key] }));
      parts.push({ key, check, headers: headers.length > 0 ? headers : undefined });
    }
    if (operation.responses === undefined) return new OperationHandler(operation, host, parts, undefined);
    const responses = new Map<number, CheckedResponse>();
    for (const [status, { schema, ...response }] of operation.responses) {
      const check =
        schema && (await compiled(`response ${status}`, schema.compile({ bounded: true, defaults: false })));
      responses.set(status, { ...response, check });
    }
    return new OperationHandler(operation, host, parts, responses);
  }

  readonly handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { params, query, headers, body, call } = request;
    const input: Record<string, unknown> = { params, query, headers, body, request, call };
    let issues: ProblemIssue[] | undefined;
    for (const part of this.#parts) {
      const given = part.check(part.headers === undefined ? request[part.key] : named(part.headers, request));
      const outcome = given instanceof Promise ? await given : given;
      if (outcome.issues === undefined) input[part.key] = outcome.value;
      else {
        issues ??= [];
        for (const issue of outcome.issues) issues.push(problemIssue(part.key, issue));
      }
    }
    if (issues !== undefined) throw new RequestIssues(issues);
    const given = await this.#operation.definition.handler(input as never);
    return isOperationReply(given) ? this.#reply(reply, given) : this.#answer(reply, undefined, given);
  };

  #reply(reply: FastifyReply, { status, body, headers }: OperationReply): FastifyReply | Promise<FastifyReply> {
    for (const name in headers) reply.header(name, headers[name]);
    return this.#answer(reply, status, body);
  }

  #answer(reply: FastifyReply, given: number | undefined, body: unknown): FastifyReply | Promise<FastifyReply> {
    const responses = this.#responses;
    if (responses === undefined) return reply.code(given ?? (body === undefined ? 204 : 200)).send(body);
    const status = given ?? this.#usualStatus;
    const response = responses.get(status);
    reply.code(status);
    if (response?.check !== undefined) return this.#answerChecked(reply, response, response.check, body);
    if (response === undefined) this.#broken(status, `it declares no ${status}`);
    else if (response.contentType !== undefined) reply.header('content-type', response.contentType);
    else if (body !== undefined && body !== null) this.#broken(status, `its ${status} declares no body, and has one`);
    return reply.send(body);
  }

  async #answerChecked(
    reply: FastifyReply,
    { contentType = 'application/json; charset=utf-8' }: CheckedResponse,
    check: SchemaCheck,
    body: unknown,
  ): Promise<FastifyReply> {
    const text: string | undefined = JSON.stringify(body);
    const problem = await problemOf(check, body, text);
    if (problem !== undefined) this.#broken(reply.statusCode, problem);
    return text === undefined ? reply.send() : reply.header('content-type', contentType).serializer(asIs).send(text);
  }

  #broken(status: number, problem: string): void {
    const { plugin, refuseBrokenAnswers, logger } = this.#host;
    const operation = this.#operation.definition.operationId ?? this.#operation.label;
    const error = errors.BP_OPERATION_ANSWER_BROKEN({ plugin, operation, status, problem });
    if (refuseBrokenAnswers) throw error;
    logger.error(error.message, { code: error.code, status });
  }
}

/** What is wrong with an answer. Dates and objects with a `toJSON` are judged by what they become. */
async function problemOf(check: SchemaCheck, body: unknown, text: string | undefined): Promise<string | undefined> {
  const first = await check(body);
  if (first.issues === undefined) return undefined;
  const { issues } = typeof body === 'object' && text !== undefined ? await check(JSON.parse(text)) : first;
  return issues?.map(({ message }) => message.replace(/\.$/, '')).join('; ');
}

/** The headers that a schema names, under the names it gives them. Everything else that clients send is nobody's mistake. */
function named(names: readonly string[], { headers }: FastifyRequest): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of names) {
    const value = headers[name.toLowerCase()];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { FastifyRequest } from 'fastify';
import type { CallContext } from './call-context.ts';
import type { ConfigSchema, InferConfig } from './config-schema.ts';

export type OperationMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

/** One answer that an operation may give. */
export interface OperationResponse {
  /** For people. Default: what the status means. */
  readonly description?: string;
  /** Of the body, which is sent as JSON. */
  readonly schema?: ConfigSchema;
  /** Of a body without schema, which is sent as it is: text, bytes or a stream. */
  readonly contentType?: string;
}

/** The answers an operation may give, by status. Without this member it may give any. */
export type OperationResponses = { readonly [status: number]: OperationResponse };

type NamesIn<Path extends string> = Path extends `${infer A}/${infer B}`
  ? NamesIn<A> | NamesIn<B>
  : Path extends `:${infer Name}`
    ? Name
    : Path extends '*'
      ? '*'
      : never;

/** The parameters that stand in a path. */
export type PathParams<Path extends string> = string extends Path
  ? Readonly<Record<string, string>>
  : { readonly [Name in NamesIn<Path>]: string };

type InferOr<S, Otherwise> = S extends ConfigSchema ? InferConfig<S> : Otherwise;

/** What the handler of an operation is given: everything has been checked against its schema, and has its type. */
export interface OperationInput<Path extends string, P, Q, H, B> {
  /** From the path; without a schema, texts. */
  readonly params: InferOr<P, PathParams<Path>>;
  /** From the query, as the schema types it: `?limit=5` is a number where that is asked for. */
  readonly query: InferOr<Q, Readonly<Record<string, string | readonly string[] | undefined>>>;
  readonly body: InferOr<B, unknown>;
  /** Those that the schema names; without a schema all of them, in lower case. */
  readonly headers: InferOr<H, IncomingHttpHeaders>;
  readonly request: FastifyRequest;
  readonly call: CallContext;
}

/** An answer with status and headers of its own; `reply` makes one. */
export interface OperationReply<S extends number = number, B = unknown> {
  readonly status: S;
  readonly body: B;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** Marks a reply, so that it is known from any other value. The same in every copy of this package. */
export const OPERATION_REPLY: unique symbol = Symbol.for('backplane.operation-reply') as never;

/** Answers an operation with another status than its usual one, or with headers. */
export function reply<const S extends number>(status: S): OperationReply<S, undefined>;
export function reply<const S extends number, const B>(
  status: S,
  body: B,
  headers?: OperationReply['headers'],
): OperationReply<S, B>;
export function reply(status: number, body?: unknown, headers: OperationReply['headers'] = {}): OperationReply {
  const marked = { [OPERATION_REPLY]: true, status, body, headers };
  return Object.freeze(marked);
}

/** True for what `reply` made, in this or any other copy of the package. */
export function isOperationReply(value: unknown): value is OperationReply {
  return typeof value === 'object' && value !== null && OPERATION_REPLY in value;
}

/** The same without a demand that lists can be changed. */
type Lent<T> = T extends readonly (infer E)[]
  ? readonly Lent<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Lent<T[K]> }
    : T;

/** What a body must be for the schema to accept it. */
type InferBody<S> = S extends StandardSchemaV1
  ? Lent<StandardSchemaV1.InferInput<S>>
  : S extends ConfigSchema
    ? InferConfig<S>
    : never;

type BodyOf<R> = R extends { readonly schema: infer S }
  ? InferBody<S>
  : R extends { readonly contentType: string }
    ? string | Uint8Array | Readable
    : undefined;

/** The status of an answer that says none: the lowest of those that mean success. */
type UsualStatus<R> = 200 extends keyof R
  ? 200
  : 201 extends keyof R
    ? 201
    : 202 extends keyof R
      ? 202
      : 204 extends keyof R
        ? 204
        : never;

// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a body to give returns nothing
type Plain<Body> = undefined extends Body ? Body | void : Body;

/** What the handler of an operation may give: the body of its usual answer, or a `reply`. */
export type OperationAnswer<R> = R extends OperationResponses
  ? Plain<BodyOf<R[UsualStatus<R>]>> | { [S in keyof R & number]: OperationReply<S, BodyOf<R[S]>> }[keyof R & number]
  : unknown;

/** The same, at once or later. */
export type Answered<R> = OperationAnswer<R> | Promise<OperationAnswer<R>>;

/** One operation of a plugin's HTTP interface, as data with the function that does it. */
export interface OperationDefinition<
  Path extends string = string,
  P extends ConfigSchema | undefined = ConfigSchema | undefined,
  Q extends ConfigSchema | undefined = ConfigSchema | undefined,
  H extends ConfigSchema | undefined = ConfigSchema | undefined,
  B extends ConfigSchema | undefined = ConfigSchema | undefined,
  R extends OperationResponses | undefined = OperationResponses | undefined,
  O extends Answered<R> = Answered<R>,
> {
  readonly method: OperationMethod;
  /** Below the plugin's mount; `/orders/:id`, or `/files/*` for everything below. */
  readonly path: Path;
  /** Names it in the OpenAPI document, behind the plugin's name. Default: made of method and path. */
  readonly operationId?: string;
  /** A few words. */
  readonly summary?: string;
  /** CommonMark. */
  readonly description?: string;
  /** Groups inside the plugin's own. */
  readonly tags?: readonly string[];
  readonly deprecated?: boolean;
  readonly params?: P;
  readonly query?: Q;
  readonly headers?: H;
  /** Of a JSON body. */
  readonly body?: B;
  readonly responses?: R;
  /** Called when everything has been checked. Throwing an error with a `BP_` code answers with its problem. */
  handler(input: OperationInput<Path, P, Q, H, B>): O;
}

/** An operation whose types have been checked and forgotten. */
export type AnyOperation = Omit<OperationDefinition, 'handler'> & { handler(input: never): unknown };

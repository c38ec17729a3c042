import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import type { CallContext } from './call-context.ts';
import type { ConfigSchema } from './config-schema.ts';
import type { Answered, OperationDefinition, OperationResponses } from './operation.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The call this request is: principal, trace, deadline, cancellation, generation. */
    readonly call: CallContext;
  }
}

/** The request as middleware sees it, before any plugin has parsed it. */
export interface GatewayRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  /** Names in lower case. A header set here is seen by everything further in. */
  readonly headers: Record<string, string | string[] | undefined>;
  readonly remoteAddress: string | undefined;
  readonly call: CallContext;
  /** Makes an answer, to return in place of calling `next()`. */
  respond(init: ResponseInit): GatewayResponse;
}

export type ResponseBody = string | Uint8Array | Readable | null;

export interface ResponseInit {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: ResponseBody;
}

/** Response headers; names are case-insensitive. Writing after the head was sent does nothing. */
export interface ResponseHeaders {
  get(name: string): string | readonly string[] | undefined;
  set(name: string, value: string | readonly string[]): void;
  delete(name: string): void;
  has(name: string): boolean;
  names(): string[];
}

/** The answer on its way out. Status, headers and body may be changed until the outermost middleware returns. */
export interface GatewayResponse {
  status: number;
  readonly headers: ResponseHeaders;
  /** What will be sent; a stream is still flowing. Setting it drops `content-length`. */
  body: ResponseBody;
  /** True when the head had left before middleware saw it (hijacked or upgraded): changes have no effect. */
  readonly committed: boolean;
}

export type NextMiddleware = () => Promise<GatewayResponse>;

/** Which requests a middleware is for. What is left out restricts nothing; what is given must all be met. */
export interface MiddlewareCondition {
  /** Requests that lead to one of these plugins, by name or alias. */
  readonly plugins?: readonly string[];
  /** Such as `POST`. `GET` stands for `HEAD` as well, as the same routes answer it. */
  readonly methods?: readonly string[];
  /**
   * Patterns of whole paths: `/shop/cart`, `/shop/*` (any one segment), `/shop/**` (`/shop` and all below); after `!`, those that are
   * left out. A pattern holds however the path is spelt: an alias, capitals, encodings, doubled slashes, `..` and a slash at the end
   * get nobody past it. Where a path can be read in several ways, the middleware runs.
   */
  readonly paths?: readonly string[];
}

/** A request as the app of its plugin has parsed it. What is changed here is what the route's schema judges, and its handler gets. */
export interface ParsedRequest {
  /** The plugin that is asked. */
  readonly plugin: string;
  /** The pattern of the route that will answer: `/shop/orders/:id`. */
  readonly route: string;
  params: Record<string, string>;
  query: Record<string, unknown>;
  /** `undefined` where there is none; a `Readable` where the route takes a stream. */
  body: unknown;
}

interface MiddlewarePlace {
  readonly name?: string;
  /** Lower is further out: it sees the request first and the answer last. The plugin's phase and priority decide unless told. */
  readonly priority?: number;
  /** Default: every request. @throws BP_MIDDLEWARE_CONDITION_INVALID where it cannot be read */
  readonly when?: MiddlewareCondition;
}

/** A function around every request of the host: it can wait, answer, repeat nothing, and change what comes back. */
export interface AroundMiddleware extends MiddlewarePlace {
  /** `next()` resolves before the head is sent. Return what it gave, changed or not, or an answer of your own. */
  handle(request: GatewayRequest, next: NextMiddleware): Promise<GatewayResponse>;
  readonly onRequest?: never;
  readonly onParsed?: never;
  readonly onResponse?: never;
}

/**
 * Functions at the edges of every request of the host, and behind its parsing. Costs a fraction of `handle`, as nothing is awaited that is not a promise:
 * the form for what reads and sets headers, observes or refuses.
 */
export interface HookMiddleware extends MiddlewarePlace {
  /** On the way in. Return an answer (`request.respond(…)`) to give it in place of what lies further in; throwing answers with a problem. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that only looks returns nothing
  onRequest?(request: GatewayRequest): GatewayResponse | void | Promise<GatewayResponse | void>;
  /**
   * When the plugin's app has parsed the request, before the route's schema validates it; outermost first. As in `onRequest`, an answer or an
   * error is given in place of the route's, and goes out through all middleware. Not called where nothing is parsed: paths that no route
   * answers, bodies that cannot be read, WebSockets, and plugins in a process of their own, whose requests are parsed over there.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that only looks returns nothing
  onParsed?(request: GatewayRequest, parsed: ParsedRequest): GatewayResponse | void | Promise<GatewayResponse | void>;
  /** On the way out, before the head is sent. Not called when the client has gone, nor for a request that `onRequest` answered. */
  onResponse?(request: GatewayRequest, response: GatewayResponse): void | Promise<void>;
  readonly handle?: never;
}

export type MiddlewareDefinition = AroundMiddleware | HookMiddleware;

/** How a plugin speaks HTTP. Its paths lie under `/PLUGIN-NAME/`. */
export interface HttpService {
  /**
   * Adds routes to the plugin's own Fastify app; `/hello` is served at `/PLUGIN-NAME/hello`. Called in `initialize`.
   * Fastify plugins registered here cover this plugin's routes only.
   */
  routes(register: (app: FastifyInstance) => void | Promise<void>): void;
  /**
   * Declares one operation: it is checked on the way in and out, and stands in the OpenAPI document. Types flow from its schemas.
   * Called in `initialize`. Hooks and Fastify plugins of `routes` do not cover it.
   * @throws BP_OPERATION_INVALID
   */
  operation<
    const Path extends string,
    const P extends ConfigSchema | undefined = undefined,
    const Q extends ConfigSchema | undefined = undefined,
    const H extends ConfigSchema | undefined = undefined,
    const B extends ConfigSchema | undefined = undefined,
    const R extends OperationResponses | undefined = undefined,
    const O extends Answered<R> = Answered<R>,
  >(definition: OperationDefinition<Path, P, Q, H, B, R, O>): void;
  /** Puts middleware around every request of the host. */
  middleware(definition: MiddlewareDefinition): void;
  /**
   * Accepts WebSocket connections at a path of the plugin. A connection stays with the version that accepted it;
   * when that is replaced it is closed with 1012 (service restart).
   */
  webSocket(path: string, accept: (socket: WebSocket, request: IncomingMessage, call: CallContext) => void): void;
}

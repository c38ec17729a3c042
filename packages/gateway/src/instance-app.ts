import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import type { RouteDescription } from '@backplane/ports';
import { PROBLEM_MEDIA_TYPE } from '@backplane/wire';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions, onSendHookHandler } from 'fastify';
import type { DeclaredOperation } from './declared-operation.ts';
import { describeRoute } from './describe-route.ts';
import { DetachedServer } from './detached-server.ts';
import { errors } from './errors.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import { refusalForFastify } from './fastify-errors.ts';
import { fastifyLogger } from './fastify-logger.ts';
import { addOperations } from './operations-app.ts';
import { bytesOf } from './owned-body.ts';
import { bodyOf, challengeFor, type Refusal } from './problem-answer.ts';
import { pathOf } from './request-target.ts';
import { RouteList } from './route-list.ts';
import { afterParsing } from './run-parsed.ts';

export type RegisterRoutes = (app: FastifyInstance) => void | Promise<void>;

/** What an app is built from. */
export interface InstanceAppOptions {
  /** Canonical name: the mount. */
  readonly plugin: string;
  readonly routes: readonly RegisterRoutes[];
  readonly operations: readonly DeclaredOperation[];
  readonly logger: Logger;
  readonly bodyBytes: number;
  /** Longest time for registering one Fastify plugin, in milliseconds: as long as the plugin may take to initialize. */
  readonly limitMs: number;
  /** Answers of operations that break their schemas are refused, else logged. */
  readonly refuseBrokenAnswers: boolean;
}

/** One small Fastify app, ready to route. */
export interface InstanceApp {
  /** What it serves, in the order of registration. */
  readonly routes: readonly RouteDescription[];
  route(request: IncomingMessage, response: ServerResponse): void;
  /** Runs the author's `onClose` hooks. */
  close(): Promise<void>;
}

/** Longest single parameter of a path; bounds the work of authors' regular expressions. */
const MAX_PARAM_LENGTH = 1024;

/** Describe a body that is not sent any more. */
const BODY_HEADERS = [
  'content-encoding',
  'content-length',
  'content-range',
  'content-disposition',
  'content-language',
  'accept-ranges',
  'etag',
  'last-modified',
  'expires',
] as const;

/** Builds the app: everything the author registers lies under the mount, and every answer goes out through the onion. */
export async function buildInstanceApp(options: InstanceAppOptions): Promise<InstanceApp> {
  const { fastify, LogController } = await import('fastify');
  const log = fastifyLogger(options.logger);
  const logController = new LogController({ disableRequestLogging: true });
  // The one failure that only Fastify gets to see: a body that breaks after its head has left.
  logController.streamError = (error: NodeJS.ErrnoException, request: FastifyRequest) => {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') exchangeOf(request.raw)?.report(error);
  };
  const settings: FastifyServerOptions = {
    bodyLimit: options.bodyBytes,
    pluginTimeout: options.limitMs,
    // The request log is the host's affair; `request.log` is the plugin's logger.
    logController,
    childLoggerFactory: () => log,
    exposeHeadRoutes: true,
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_LENGTH },
    serverFactory: () =>
      new DetachedServer(options.plugin) as unknown as ReturnType<NonNullable<FastifyServerOptions['serverFactory']>>,
    frameworkErrors: (error, request) => {
      const exchange = exchangeOf(request.raw) as Exchange;
      exchange.offerRefusal(refusalForFastify(error, exchange.place, undefined));
    },
  };
  const app = fastify(settings);
  const described: RouteDescription[] = [];
  try {
    app.log = log;
    prepare(app, options, described);
    await app.ready();
  } catch (cause) {
    await app.close().catch(() => {});
    throw errors.BP_HTTP_APP_FAILED({ plugin: options.plugin, problem: messageOf(cause) }, { cause });
  }
  return { routes: described, route: app.routing, close: () => app.close() };
}

function prepare(app: FastifyInstance, options: InstanceAppOptions, described: RouteDescription[]): void {
  const { plugin, routes, operations } = options;
  const list = new RouteList();
  app.decorateRequest('call', {
    getter(this: FastifyRequest) {
      return (exchangeOf(this.raw) as Exchange).call;
    },
  });
  app.setErrorHandler((error, request, reply) => {
    const exchange = exchangeOf(request.raw) as Exchange;
    const refusal = refusalForFastify(error, exchange.place, request.headers['content-type']);
    if (refusal.error.status >= 500) exchange.report(refusal.error);
    return sendProblem(exchange, refusal, reply);
  });
  app.setNotFoundHandler((request, reply) => {
    const exchange = exchangeOf(request.raw) as Exchange;
    return sendProblem(exchange, notFound(list, request.method, pathOf(request.url)), reply);
  });
  // Before the author's own: what they see has been through middleware.
  app.addHook('preValidation', afterParsing);
  let anyHoldsBack = false;
  app.addHook('onRoute', function (route) {
    list.add(route.url, route.method);
    described.push(...describeRoute(this, route));
    // Hooks of a route run after those of its app: ours has to come after both. HEAD has one of Fastify's own, which drops the body.
    if (route.onSend === undefined || route.method === 'HEAD') return;
    route.onSend = [route.onSend].flat().concat(holdBack as onSendHookHandler);
    route.config = { ...route.config, [HOLDS_BACK]: true } as NonNullable<typeof route.config>;
    anyHoldsBack = true;
  });
  for (const register of routes) {
    app.register(
      async (scope) => {
        await register(scope);
      },
      { prefix: `/${plugin}` },
    );
  }
  if (operations.length > 0) {
    app.register(async (scope) => addOperations(scope, operations, options), { prefix: `/${plugin}` });
  }
  // Registered behind the author's plugins, it is appended to their hooks too, and so runs last.
  app.addHook('onSend', (request, reply, payload, done) => {
    if (anyHoldsBack && (request.routeOptions.config as Marked)[HOLDS_BACK] === true) done();
    else holdBack(request, reply, payload, done);
  });
}

const HOLDS_BACK: unique symbol = Symbol('backplane.holds-back');
interface Marked {
  readonly [HOLDS_BACK]?: boolean;
}

/** The last `onSend` hook: the answer waits here until the onion lets it out. */
function holdBack(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: (error: null, payload?: unknown) => void,
): void {
  // How a body is framed is Node's affair: both lengths at once are how requests are smuggled.
  if (reply.hasHeader('transfer-encoding')) reply.removeHeader('transfer-encoding');
  (exchangeOf(request.raw) as Exchange).offerReply(reply, bytesOf(payload), done);
}

const asIs = (payload: unknown): string => payload as string;

function sendProblem(exchange: Exchange, refusal: Refusal, reply: FastifyReply): FastifyReply {
  for (const name of BODY_HEADERS) reply.removeHeader(name);
  return reply
    .code(refusal.error.status)
    .headers({
      'cache-control': 'no-store',
      ...(reply.hasHeader('www-authenticate') ? {} : challengeFor(refusal)),
      ...refusal.headers,
      'content-type': PROBLEM_MEDIA_TYPE,
    })
    .serializer(asIs)
    .send(JSON.stringify(bodyOf(refusal, exchange.place)));
}

function notFound(routes: RouteList, method: string, path: string): Refusal {
  const allow = routes.methodsAt(path);
  if (allow.length === 0 || allow.includes(method)) return { error: errors.BP_HTTP_NOT_FOUND({ method, path }) };
  return { error: errors.BP_HTTP_METHOD_NOT_ALLOWED({ method, path, allow }), headers: { allow: allow.join(', ') } };
}

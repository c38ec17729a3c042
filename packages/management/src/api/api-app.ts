import { type BackplaneError, isBackplaneError } from '@backplane/base';
import type { JsonSchema, Logger } from '@backplane/plugin-api';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { errors } from '../errors.ts';
import { type GuardOptions, guard } from '../guard.ts';
import { methodsAt, pathOf, sendProblem } from '../problem-replies.ts';
import type { ApiParts } from './api-parts.ts';
import type { ApiAnswer, ApiRequest, ApiRoute } from './api-route.ts';
import { apiRoutes } from './api-routes.ts';
import { RequestCheck } from './check-request.ts';
import { answerWithEvents } from './event-answer.ts';
import { once, type SentAnswer } from './once.ts';

export interface ApiAppOptions extends GuardOptions {
  readonly parts: ApiParts;
  readonly logger: Logger;
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;

/** 1 MiB: what a person or a program says of plugins is smaller. */
const LARGEST_BODY = 1024 * 1024;

/** The management API as an application of its own, made when somebody first asks it: a start need not wait for it. */
export async function createApiApp(options: ApiAppOptions): Promise<FastifyInstance> {
  const { parts, logger } = options;
  const bodies = (await import('@backplane/wire/bodies')) as unknown as Readonly<Record<string, JsonSchema>>;
  const routes = apiRoutes(parts);
  const app = Fastify({
    bodyLimit: LARGEST_BODY,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
    frameworkErrors: (_error, request, reply) => refuseBadPath(request, reply, options),
  });
  takeJson(app);
  app.addHook('onRequest', async (request) => guard(request.raw, pathOf(request.url), options));
  app.setErrorHandler((thrown, request, reply) =>
    sendProblem(reply, asError(thrown, pathOf(request.url), logger), pathOf(request.url)),
  );
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url);
    const allow = methodsAt(routes, path);
    if (allow.length === 0) throw errors.BP_MANAGEMENT_NOT_FOUND({ method: request.method, path });
    reply.header('allow', allow.join(', '));
    throw errors.BP_MANAGEMENT_METHOD({ method: request.method, path, allow });
  });
  for (const route of routes) {
    const check = new RequestCheck(route, (name) => bodies[`${name}Body`] as JsonSchema);
    app.route({
      method: route.method,
      url: route.url,
      handler: (request, reply) => answer(route, check, parts, request, reply),
    });
  }
  // `GET /plugins/bulk` asks for no plugin of that name: the router would find the path of any plugin.
  const spelt = [...new Set(routes.map(({ url }) => url).filter((url) => !url.includes(':')))];
  for (const url of spelt) {
    const offered = routes.filter((route) => route.url === url).map(({ method }) => method);
    const others = METHODS.filter((method) => !offered.includes(method));
    if (others.length > 0) app.route({ method: others, url, handler: (_request, reply) => reply.callNotFound() });
  }
  await app.ready();
  return app;
}

async function answer(
  route: ApiRoute,
  check: RequestCheck,
  parts: ApiParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const path = pathOf(request.url);
  if (route.body !== undefined && request.body === NOT_JSON) throw errors.BP_API_MEDIA_TYPE({ path });
  const sent = route.body === undefined ? undefined : request.body;
  const { query, body } = await check.check(path, request.query, sent);
  const asked: ApiRequest = {
    params: request.params as Record<string, string>,
    query,
    body,
    author: authorOf(request),
    origin: request.ip,
    comment: spoken(request, 'backplane-comment', 500),
    ifMatch: tagsIn(request.headers['if-match']),
  };
  const key = request.headers['idempotency-key'];
  reply.header('cache-control', 'no-store');
  if (typeof key !== 'string' || route.method === 'GET') {
    const { events, ...plain } = await route.handle(asked);
    if (events === undefined) return send(reply, plain);
    answerWithEvents(request, reply, events, parts.ending);
    return reply;
  }
  const { method, url } = request;
  const { answer: kept, replayed } = await once(parts.answers, key, { method, url, body }, async () =>
    written(await route.handle(asked)),
  );
  if (replayed) reply.header('idempotency-replayed', 'true');
  const headers = kept.etag === undefined ? {} : { etag: kept.etag };
  return send(reply, { status: kept.status, headers }, kept.body);
}

const written = ({ status = 200, body, headers }: ApiAnswer): SentAnswer => ({
  status,
  body: JSON.stringify(body ?? null),
  etag: headers?.etag,
});

function send(reply: FastifyReply, answer: ApiAnswer, text = JSON.stringify(answer.body ?? null)): FastifyReply {
  return reply
    .status(answer.status ?? 200)
    .headers({ ...answer.headers, 'content-type': 'application/json; charset=utf-8' })
    .serializer((body: unknown) => body as string)
    .send(text);
}

/** The one token is the administrator's; who of them it was they may say themselves. */
function authorOf(request: FastifyRequest): string {
  const name = spoken(request, 'backplane-author', 100);
  return name === '' ? 'admin' : `admin (${name})`;
}

/** A text of a person's in a header, percent-encoded where it is more than ASCII. */
function spoken(request: FastifyRequest, header: string, most: number): string {
  const given = request.headers[header];
  if (typeof given !== 'string') return '';
  try {
    return decodeURIComponent(given).slice(0, most);
  } catch {
    return given.slice(0, most);
  }
}

/** `undefined` where whatever is there will do. */
function tagsIn(header: string | undefined): string[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  return header.split(',').map((tag) => tag.trim());
}

/** Further in is nothing that anybody means. */
const DEEPEST = 64;

class TooDeep extends Error {
  readonly statusCode = 400;
  override readonly message = `It is nested more than ${DEEPEST} deep.`;
}

function isDeeper(value: unknown, than: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return than === 0 || Object.values(value).some((inner) => isDeeper(inner, than - 1));
}

/** What was sent as something else than JSON: refused where a body is asked for, let go elsewhere. */
const NOT_JSON = Symbol('a body that is no JSON');

function takeJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(/^application\/(?:[\w.+-]+\+)?json\b/, { parseAs: 'string' }, (request, text, done) => {
    if (text === '') done(null, undefined);
    else
      parse(request, text as string, (error: Error | null, body: unknown) => {
        if (error === null && isDeeper(body, DEEPEST)) done(new TooDeep(), undefined);
        else done(error, body);
      });
  });
  app.addContentTypeParser('*', (_request, payload, done) => {
    let empty = true;
    payload.on('data', () => {
      empty = false;
    });
    payload.once('end', () => done(null, empty ? undefined : NOT_JSON));
    payload.once('error', done);
  });
}

function refuseBadPath(request: FastifyRequest, reply: FastifyReply, options: ApiAppOptions): void {
  const path = pathOf(request.url);
  let error: BackplaneError = errors.BP_MANAGEMENT_BAD_PATH({ path });
  try {
    guard(request.raw, path, options);
  } catch (refusal) {
    error = refusal as BackplaneError;
  }
  sendProblem(reply, error, path);
}

/** What has no code is a mistake of our own, unless it is one that Fastify has found in the request. */
function asError(thrown: unknown, path: string, logger: Logger): BackplaneError {
  const { code, statusCode = 500, message } = thrown as Partial<FastifyError>;
  if (isBackplaneError(thrown)) return thrown as BackplaneError;
  if (statusCode >= 400 && statusCode < 500) {
    if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return errors.BP_API_BODY_TOO_LARGE({ path, most: LARGEST_BODY });
    return errors.BP_MANAGEMENT_BAD_REQUEST({ path, problem: String(message) });
  }
  logger.error('Management failed.', { error: thrown, path });
  return errors.BP_MANAGEMENT_FAILED({ path }, { cause: thrown });
}

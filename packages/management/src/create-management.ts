import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BackplaneError, type Clock, isBackplaneError, systemClock } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import type { HostControl, PluginStatus, StepReport } from '@backplane/ports';
import type {
  ExtensionPointsBody,
  HealthBody,
  PluginsStatusBody,
  ReadyBody,
  ReloadBody,
  WhyBody,
} from '@backplane/wire';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import type { ApiParts } from './api/api-parts.ts';
import { type ApiPagesOptions, addApiPages } from './api-pages.ts';
import { errors } from './errors.ts';
import { extensionPointBodies, placesByPlugin } from './extension-points.ts';
import { guard, isLoopback } from './guard.ts';
import { HostHealth } from './host-health.ts';
import { addCollectedRoute, addMetricsRoute, type MetricSource } from './metrics-route.ts';
import { CurrentDocument } from './openapi/current-document.ts';
import { methodsAt, pathOf, sendProblem } from './problem-replies.ts';
import { failureBody, pluginHealthBody, pluginStatusBody } from './status-bodies.ts';
import { explainPlugin } from './why.ts';

export interface ManagementOptions extends ApiPagesOptions {
  /** What the API stands on; without it there is none. */
  readonly api?: () => ApiParts;
  readonly control: HostControl;
  readonly metrics?: MetricSource;
  /** Of the host. */
  readonly version: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** The host's own pages. */
export interface Management {
  /** First path segments that are the host's. */
  readonly segments: readonly string[];
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

/** Prepares `/health`, `/ready`, `/metrics` (open), `/extension-points`, `/api` and everything under `/plugins` (closed: token, Host and Origin). */
export async function createManagement(options: ManagementOptions): Promise<Management> {
  const app: FastifyInstance = Fastify({
    routerOptions: { ignoreTrailingSlash: true },
    // What the router cannot read comes to no route, so the guard is asked here.
    frameworkErrors: (_error, request, reply) => {
      const path = pathOf(request.url);
      let error: BackplaneError = errors.BP_MANAGEMENT_BAD_PATH({ path });
      try {
        guard(request.raw, path, options);
      } catch (refusal) {
        error = refusal as BackplaneError;
      }
      sendProblem(reply, error, path);
    },
  });
  const { control, version } = options;
  const routes: { readonly method: string; readonly url: string }[] = [];
  refuseInProblems(app, options.logger, routes);
  letBodiesGo(app);
  addOpenRoutes(app, options);
  if (options.metrics) addMetricsRoute(app, options.metrics, options);
  const pause = () => new Promise<void>((done) => setImmediate(done));
  addApiPages(app, new CurrentDocument({ control, version, routes, api: options.api, pause }), options);
  await app.register(async (closed) => {
    closed.addHook('onRequest', async (request) => guard(request.raw, pathOf(request.url), options));
    addPluginRoutes(closed, options.control, options.clock ?? systemClock);
    if (options.metrics) addCollectedRoute(closed, options.metrics);
  });
  await app.ready();
  const api = options.api && lazily(() => createApi(options, (options.api as () => ApiParts)()));
  return {
    segments: ['health', 'ready', ...(options.metrics ? ['metrics'] : []), 'plugins', 'extension-points', 'api'],
    handle: (request, response) => {
      if (api === undefined || !API.test(request.url ?? '')) return app.routing(request, response);
      api().then(
        (made) => made.routing(request, response),
        (error) => {
          options.logger.error('The API could not be made.', { error });
          response.writeHead(503).end();
        },
      );
    },
    close: async () => {
      await app.close();
      if (api?.made) await (await api()).close();
    },
  };
}

/** The paths of the API, which is made when somebody first asks it. */
const API = /^\/api\/v1\/(?:plugins|admin)(?:[/?]|$)/;

async function createApi(options: ManagementOptions, parts: ApiParts): Promise<FastifyInstance> {
  const { createApiApp } = await import('./api/api-app.ts');
  return createApiApp({ ...options, parts });
}

function lazily<T>(make: () => Promise<T>): (() => Promise<T>) & { readonly made: boolean } {
  let made: Promise<T> | undefined;
  const get = () => {
    made ??= make();
    return made;
  };
  return Object.defineProperty(get, 'made', { get: () => made !== undefined }) as never;
}

function refuseInProblems(app: FastifyInstance, logger: Logger, routes: { method: string; url: string }[]): void {
  app.setErrorHandler((thrown, request, reply) => {
    const path = pathOf(request.url);
    const { code, statusCode = 500, message } = thrown as Partial<FastifyError>;
    if (code?.startsWith('FST_ERR_') && statusCode < 500)
      return sendProblem(reply, errors.BP_MANAGEMENT_BAD_REQUEST({ path, problem: String(message) }), path);
    const known = isBackplaneError(thrown);
    if (!known) logger.error('Management failed.', { error: thrown, path });
    const error = known ? thrown : errors.BP_MANAGEMENT_FAILED({ path }, { cause: thrown });
    return sendProblem(reply, error, path);
  });
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, url });
  });
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url);
    const allow = methodsAt(routes, path);
    const { method } = request;
    if (allow.length === 0) throw errors.BP_MANAGEMENT_NOT_FOUND({ method, path });
    reply.header('allow', allow.join(', '));
    throw errors.BP_MANAGEMENT_METHOD({ method, path, allow });
  });
}

/** No page takes a body yet: whatever is sent with a request is let go, as clients send empty ones of every type. */
function letBodiesGo(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    payload.once('end', () => done(null));
    payload.once('error', done);
  });
}

function addOpenRoutes(app: FastifyInstance, { control, clock = systemClock, isAuthorized }: ManagementOptions): void {
  const health = new HostHealth(control, () => clock.monotonic());
  app.get('/health', async (request): Promise<HealthBody> => {
    const body = await health.report();
    // Who is not on this machine learns what a probe needs, no more.
    const trusted = isLoopback(request.raw) || isAuthorized(request.headers.authorization);
    return trusted ? body : { status: body.status, plugins: {} };
  });
  app.get('/ready', async (_request, reply): Promise<ReadyBody> => {
    const { ready, reason } = control.readiness();
    if (ready) return { status: 'ready' };
    reply.status(503).header('retry-after', '1');
    return { status: 'not_ready', reason };
  });
}

function addPluginRoutes(app: FastifyInstance, control: HostControl, clock: Clock): void {
  interface Named {
    Params: { name: string };
  }
  app.get('/plugins/status', async (): Promise<PluginsStatusBody> => {
    const places = placesByPlugin(control.handlers());
    return {
      generation: control.generation(),
      ready: control.readiness().ready,
      plugins: control.status().map((status) => pluginStatusBody(status, places.get(status.name) ?? [])),
    };
  });
  app.get(
    '/extension-points',
    async (): Promise<ExtensionPointsBody> => ({
      generation: control.generation(),
      extension_points: extensionPointBodies({ points: control.points(), handlers: control.handlers() }),
    }),
  );
  app.get<Named>('/plugins/:name/health', async (request, reply) => {
    const status = control.pluginStatus(request.params.name);
    const body = pluginHealthBody(status, await control.health(status.name));
    if (body.status === 'unhealthy') reply.status(503);
    return body;
  });
  app.get<Named>('/plugins/:name/why', async (request): Promise<WhyBody> => {
    const status = control.pluginStatus(request.params.name);
    const health = status.state.phase === 'running' ? await control.health(status.name) : undefined;
    return explainPlugin({ status, all: control.status(), health, now: clock.now() });
  });
  app.post<Named>('/plugins/:name/reload', async (request): Promise<ReloadBody> => {
    const report = await control.reload(request.params.name);
    const status = control.pluginStatus(request.params.name);
    const { name } = status;
    const step = report.steps.find((candidate) => candidate.name === name);
    if (step && step.outcome !== 'applied') throw reloadFailed(name, step);
    // The change was applied, and what it says is that the plugin cannot run.
    if (status.state.phase === 'refused' || status.state.phase === 'blocked') throw notRunning(status);
    return {
      plugin: name,
      outcome: 'applied',
      from_version: step?.fromVersion ?? null,
      to_version: step?.toVersion ?? null,
      generation: report.generation,
      took_ms: report.tookMs,
    };
  });
}

function notRunning({ name, state, reason }: PluginStatus) {
  const failure = failureBody(
    state.phase === 'refused' ? state.failure : { code: 'BP_PLUGIN_UNAVAILABLE', message: reason, stack: undefined },
  );
  return errors.BP_RELOAD_FAILED({ plugin: name, serving: undefined, reason: failure.message, failure });
}

function reloadFailed(plugin: string, step: StepReport) {
  const failure = failureBody(step.failure ?? { code: 'BP_STEP_FAILED', message: step.reason, stack: undefined });
  const serving = step.outcome === 'returned' ? step.fromVersion : undefined;
  return errors.BP_RELOAD_FAILED({ plugin, serving, reason: failure.message, failure });
}

import type { OperationDescription, PluginRoutes, RouteDescription } from '@backplane/ports';
import type { ApiParts } from '../api/api-parts.ts';
import type { ApiRoute } from '../api/api-route.ts';

/** What the host's own routes are called in the document. No plugin's name has a capital. */
export const HOST = 'Backplane';

/** Pages that ask for no token. */
export const OPEN_PAGES: ReadonlySet<string> = new Set([
  'GET /health',
  'GET /ready',
  'GET /metrics',
  'GET /api/v1/docs',
]);

/** What the page for people is made of: nobody's interface. */
const UNSAID = 'GET /api/v1/docs/:file';

interface Page {
  readonly operationId: string;
  readonly summary: string;
  /** Name of the schema of each answer, without `Body`; `''` for one without. */
  readonly answers: Readonly<Record<number, readonly [description: string, schema: string, type?: string]>>;
}

const PAGES: Readonly<Record<string, Page>> = {
  'GET /health': {
    operationId: 'getHealth',
    summary: 'Whether the process should live',
    answers: { 200: ['It should: a sick plugin makes it degraded.', 'Health'] },
  },
  'GET /ready': {
    operationId: 'getReadiness',
    summary: 'Whether traffic may come',
    answers: { 200: ['It may.', 'Ready'], 503: ['Not yet, or no more.', 'Ready'] },
  },
  'GET /metrics': {
    operationId: 'getMetrics',
    summary: 'Metrics of the host and of all plugins; for who has no token, on this machine alone',
    answers: { 200: ['In the text format of Prometheus, or as OpenMetrics.', '', 'text/plain'] },
  },
  'GET /plugins/metrics': {
    operationId: 'getPluginsMetrics',
    summary: 'What all metrics plugins collect',
    answers: { 200: ['By plugin.', 'PluginMetrics'] },
  },
  'GET /plugins/status': {
    operationId: 'getPluginsStatus',
    summary: 'State, history and leak receipts of every plugin',
    answers: { 200: ['All plugins.', 'PluginsStatus'] },
  },
  'GET /plugins/:name/health': {
    operationId: 'getPluginHealth',
    summary: 'What a plugin says of itself',
    answers: { 200: ['It is healthy or degraded.', 'PluginHealth'], 503: ['It is unhealthy.', 'PluginHealth'] },
  },
  'GET /plugins/:name/why': {
    operationId: 'explainPlugin',
    summary: 'Why a plugin is as it is, what comes next, and how to mend it',
    answers: { 200: ['The explanation.', 'Why'] },
  },
  'POST /plugins/:name/reload': {
    operationId: 'reloadPlugin',
    summary: 'Read code, manifest and configuration anew, and replace the plugin',
    answers: { 200: ['The new version serves.', 'Reload'], 409: ['It does not; the old one serves on.', 'Problem'] },
  },
  'GET /extension-points': {
    operationId: 'getExtensionPoints',
    summary: 'Every extension point with its handlers, in the order in which they run',
    answers: { 200: ['All extension points.', 'ExtensionPoints'] },
  },
  'GET /api/v1/openapi.json': {
    operationId: 'getOpenApi',
    summary: 'This document',
    answers: { 200: ['OpenAPI 3.1.', ''], 304: ['It is what the client has.', '', 'none'] },
  },
  'GET /api/v1/docs': {
    operationId: 'getDocs',
    summary: 'This document, for people',
    answers: { 200: ['A page that asks for nothing outside of this host.', '', 'text/html'] },
  },
};

/** Whether a route of the host is described. */
export const isDescribed = (method: string, url: string): boolean => Object.hasOwn(PAGES, `${method} ${url}`);

/** The host's own routes with what is known of them. Loads TypeBox, which takes longer than the rest of a host. */
export async function hostPages(
  routes: readonly { readonly method: string; readonly url: string }[],
  api?: ApiParts,
): Promise<{ readonly host: PluginRoutes; readonly problem: unknown }> {
  const bodies = await import('@backplane/wire/bodies');
  const shared: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(bodies)) shared[name.replace(/Body$/, '')] = schema;
  const described: RouteDescription[] = [];
  for (const { method, url } of routes) {
    const page = PAGES[`${method} ${url}`];
    if (`GET ${url}` !== UNSAID) described.push({ method, url, operation: page && operationOf(page, shared) });
  }
  if (api !== undefined) {
    const { apiRoutes } = await import('../api/api-routes.ts');
    for (const route of apiRoutes(api))
      described.push({ method: route.method, url: route.url, operation: apiOperationOf(route, shared) });
  }
  const description = 'The pages of the host itself.';
  return {
    host: { plugin: HOST, displayName: HOST, version: '', description, routes: described },
    problem: bodies.Problem,
  };
}

function operationOf(
  { operationId, summary, answers }: Pick<Page, 'operationId' | 'summary' | 'answers'>,
  shared: Record<string, unknown>,
): OperationDescription {
  const responses = Object.entries(answers).map(([status, [description, schema, type]]) => {
    if (type === 'none') return [status, { description }] as const;
    const media = type ?? (schema === 'Problem' ? 'application/problem+json' : 'application/json');
    return [status, { description, content: { [media]: schema === '' ? {} : { $ref: schema } } }] as const;
  });
  return { operationId, summary, responses: Object.fromEntries(responses), shared };
}

const HEADERS = {
  conditional: {
    'if-match': { type: 'string', description: 'The entity tag that the change is made for; without it, for any.' },
  },
  write: {
    'idempotency-key': {
      type: 'string',
      maxLength: 200,
      description: 'Carries the request out once, however often it is sent.',
    },
    'backplane-author': { type: 'string', maxLength: 100, description: 'Who asks, for the history; percent-encoded.' },
    'backplane-comment': { type: 'string', maxLength: 500, description: 'Why, for the history; percent-encoded.' },
  },
} as const;

function apiOperationOf(route: ApiRoute, shared: Record<string, unknown>): OperationDescription {
  const headers = { ...(route.conditional && HEADERS.conditional), ...(route.method !== 'GET' && HEADERS.write) };
  return {
    ...operationOf(route, shared),
    ...(route.query && { query: route.query }),
    ...(route.body !== undefined && { body: { 'application/json': { $ref: route.body } } }),
    ...(Object.keys(headers).length > 0 && { headers: { type: 'object', properties: headers } }),
  };
}

import type { PluginRoutes, RouteDescription } from '@backplane/ports';
import { METHODS, type OpenApiDocument, type PathItem } from './openapi-types.ts';
import { OperationIds } from './operation-ids.ts';
import { operationObject } from './operation-object.ts';
import { type PathTemplate, templatesOf } from './path-template.ts';
import { SchemaBook } from './schema-book.ts';

/** What a document is made of. */
export interface DocumentParts {
  /** Of the host. */
  readonly version: string;
  readonly generation: number;
  readonly plugins: readonly PluginRoutes[];
  /** The host's own pages. */
  readonly host: PluginRoutes;
  /** Pages of the host that ask for no token, as `GET /health`. */
  readonly openPages: ReadonlySet<string>;
  /** The schema of every refusal. */
  readonly problem: unknown;
  /** Called between two plugins: whatever else waits gets its turn. */
  pause(): Promise<void>;
}

const DESCRIPTION =
  'What this host serves now: the operations and routes of the plugins that run, and the pages of the host itself. ' +
  'Refusals are problem documents (RFC 9457) with a stable `code`.';

/** Composes the OpenAPI document of everything that runs. */
export async function composeDocument(parts: DocumentParts): Promise<OpenApiDocument> {
  const composition = new Composition(parts);
  composition.add(parts.host);
  for (const plugin of parts.plugins) {
    await parts.pause();
    composition.add(plugin);
  }
  return composition.finish();
}

class Composition {
  readonly #parts: DocumentParts;
  readonly #book = new SchemaBook();
  readonly #ids = new OperationIds();
  /** By path without the names of its parameters, which OpenAPI holds to be the same path. */
  readonly #paths = new Map<string, { readonly template: PathTemplate; readonly item: PathItem }>();
  readonly #tags: { readonly name: string; readonly description?: string }[] = [];

  constructor(parts: DocumentParts) {
    this.#parts = parts;
    this.#book.put('Problem', parts.problem, parts.host.plugin);
  }

  add(source: PluginRoutes): void {
    const { plugin, displayName, version, description, routes } = source;
    const about = [displayName === plugin ? '' : displayName, version && `version ${version}`, description].filter(
      (text) => text !== '',
    );
    let any = false;
    for (const route of plainly(routes)) any = this.#addRoute(source, route) || any;
    if (any) this.#tags.push({ name: plugin, ...(about.length > 0 && { description: about.join(' · ') }) });
  }

  finish(): OpenApiDocument {
    const { version, generation } = this.#parts;
    const paths = [...this.#paths.values()].sort((a, b) => (a.template.path < b.template.path ? -1 : 1));
    const schema = { $ref: '#/components/schemas/Problem' };
    const problem = (description: string) => ({ description, content: { 'application/problem+json': { schema } } });
    return {
      openapi: '3.1.1',
      info: { title: 'Backplane', version, description: DESCRIPTION },
      servers: [{ url: '/' }],
      'x-backplane-generation': generation,
      tags: this.#tags,
      paths: Object.fromEntries(paths.map(({ template, item }) => [template.path, item])),
      components: {
        schemas: this.#book.finish(),
        responses: {
          InvalidRequest: problem('The request is not as it should be; `errors` lists what is wrong.'),
          Problem: problem('Any refusal or failure.'),
        },
        securitySchemes: { management: { type: 'http', scheme: 'bearer', description: 'The management token.' } },
      },
    };
  }

  /** False for a route that OpenAPI has no words for. */
  #addRoute(source: PluginRoutes, route: RouteDescription): boolean {
    const { url } = route;
    const owner = source.plugin;
    const method = String(route.method).toLowerCase() as keyof PathItem;
    if (typeof url !== 'string' || !url.startsWith('/') || !METHODS.includes(method)) return false;
    let added = false;
    for (const template of templatesOf(url)) {
      const { item, template: first } = this.#at(template);
      // Routers answer HEAD where they answer GET, and may hold one path in several variants: one is told.
      if (item[method] !== undefined || (method === 'head' && item.get !== undefined)) continue;
      if (method === 'get') delete item.head;
      const parameters = template.parameters.map((parameter, index) => ({
        ...parameter,
        label: first.parameters[index]?.label ?? parameter.label,
      }));
      const operationId = this.#ids.next(owner, route);
      const operation = operationObject(route, { owner, operationId, parameters }, this.#book);
      item[method] = this.#isClosed(source, route) ? { ...operation, security: [{ management: [] }] } : operation;
      added = true;
    }
    return added;
  }

  #at(template: PathTemplate) {
    const key = template.path.replace(/\{[^}]*\}/g, '{}');
    let known = this.#paths.get(key);
    if (known === undefined) {
      known = { template, item: {} };
      this.#paths.set(key, known);
    }
    return known;
  }

  #isClosed(source: PluginRoutes, { method, url }: RouteDescription): boolean {
    return source === this.#parts.host && !this.#parts.openPages.has(`${method} ${url}`);
  }
}

/** What another process has sent may be of any form, and must not spoil the document of all others. */
function plainly(routes: readonly RouteDescription[]): RouteDescription[] {
  try {
    const plain: unknown = JSON.parse(JSON.stringify(routes));
    return Array.isArray(plain) ? plain.filter((route) => typeof route === 'object' && route !== null) : [];
  } catch {
    return [];
  }
}

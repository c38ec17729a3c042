import type { FastifyInstance, FastifyRequest } from 'fastify';
import { addDocsPage } from './docs-page.ts';
import { type GuardOptions, guard, guardName, isLoopback } from './guard.ts';
import { hasTag } from './has-tag.ts';
import type { CurrentDocument } from './openapi/current-document.ts';

export interface ApiPagesOptions extends GuardOptions {
  /** `open` lets whoever is on this machine read the document without the token. */
  readonly openapi: 'open' | 'closed';
}

/** Adds `/api/v1/openapi.json` and the page that shows it, `/api/v1/docs`. */
export function addApiPages(app: FastifyInstance, document: CurrentDocument, options: ApiPagesOptions): void {
  addDocsPage(app, options);
  app.get('/api/v1/openapi.json', {
    onRequest: async ({ raw }) => {
      if (options.openapi === 'open' && isLoopback(raw)) guardName(raw, options);
      else guard(raw, '/api/v1/openapi.json', options);
    },
    handler: async (request, reply) => {
      const { text, etag } = await document.get(prefixOf(request));
      reply.headers({ etag, 'cache-control': 'private, no-cache', vary: 'authorization' });
      if (hasTag(request, etag)) return reply.code(304).send();
      return reply.header('content-type', 'application/json; charset=utf-8').serializer(asIs).send(text);
    },
  });
}

/** What a server of someone else's has taken off the path before it came here. */
function prefixOf({ url, originalUrl }: FastifyRequest): string {
  return originalUrl.endsWith(url) ? originalUrl.slice(0, -url.length) : '';
}

const asIs = (text: unknown): string => text as string;

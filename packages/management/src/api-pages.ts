import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type GuardOptions, guard, guardName, isLoopback } from './guard.ts';
import type { CurrentDocument } from './openapi/current-document.ts';

export interface ApiPagesOptions extends GuardOptions {
  /** `open` lets whoever is on this machine read the document without the token. */
  readonly openapi: 'open' | 'closed';
}

/** Adds `/api/v1/openapi.json`. */
export function addApiPages(app: FastifyInstance, document: CurrentDocument, options: ApiPagesOptions): void {
  app.get('/api/v1/openapi.json', {
    onRequest: async ({ raw }) => {
      if (options.openapi === 'open' && isLoopback(raw)) guardName(raw, options);
      else guard(raw, '/api/v1/openapi.json', options);
    },
    handler: async (request, reply) => {
      const { text, etag } = await document.get();
      reply.headers({ etag, 'cache-control': 'private, no-cache', vary: 'authorization' });
      if (has(request, etag)) return reply.code(304).send();
      return reply.header('content-type', 'application/json; charset=utf-8').serializer(asIs).send(text);
    },
  });
}

const asIs = (text: unknown): string => text as string;

/** Whether the client says that it has what bears this tag. */
function has({ headers }: FastifyRequest, etag: string): boolean {
  const known = headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return known !== undefined && (known.includes(etag) || known.includes('*'));
}

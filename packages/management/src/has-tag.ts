import type { FastifyRequest } from 'fastify';

/** Whether the client says that it has what bears this entity tag. */
export function hasTag({ headers }: FastifyRequest, etag: string): boolean {
  const known = headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return known !== undefined && (known.includes(etag) || known.includes('*'));
}

/**
 * What plugins get from the host in place of a copy of their own: types and tokens are recognised by string, so a copy would do, but one
 * copy in memory is enough for a thousand plugins.
 */
export const sharedModules: Readonly<Record<string, () => Promise<object>>> = {
  '@backplane/plugin-api': () => import('@backplane/plugin-api'),
  '@backplane/plugin-api/decorators': () => import('@backplane/plugin-api/decorators'),
  fastify: () => import('fastify'),
  kysely: () => import('kysely'),
};

import { fileURLToPath } from 'node:url';
import serveFiles from '@fastify/static';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Serves files through `@fastify/static`, as that comes from the registry: ranges, entity tags and all. */
export const filer = (variant: Variant) =>
  ship(variant, {
    board: () => ({
      async routes(app) {
        await app.register(serveFiles, {
          root: fileURLToPath(new URL('./public', import.meta.url)),
          prefix: '/files/',
        });
      },
    }),
  });

import rateLimit from '@fastify/rate-limit';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Lets so many requests of a visitor pass, through `@fastify/rate-limit` as that comes from the registry. */
export const limiter = (variant: Variant) =>
  ship(variant, {
    board: () => ({
      async routes(app) {
        await app.register(rateLimit, { global: false });
        const limit = { max: Number(variant.options?.max), timeWindow: 3_600_000, keyGenerator: visitorOf };
        app.get('/limited', { config: { rateLimit: limit } }, async () => ({ build: variant.build }));
      },
    }),
  });

const visitorOf = ({ headers }: { headers: Record<string, string | string[] | undefined> }) =>
  String(headers['x-visitor']);

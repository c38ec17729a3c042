/**
 * CPU of a server for one request: bare Fastify, with 10 async hooks, and whole hosts with 0, 1 and 10 middleware plugins; beside NestJS with 10
 * interceptors and Hono with 10 middleware.
 * Each hook and each middleware reads a request header and sets a response header; middleware as a hook, unless it says `around`.
 */
import { defineBenchmark } from './harness.ts';

const server = (kind: 'fastify' | 'hooks' | 'async-hooks' | 'around' | 'nest' | 'hono', count: number) => ({
  entry: new URL('./gateway.child.ts', import.meta.url),
  args: [kind, String(count)],
});
const load = { path: '/hello/world', headers: { 'x-client': 'bench' }, requests: 30_000 };

export default defineBenchmark({
  name: 'gateway',
  description: 'a host with 0, 1 and 10 middleware plugins beside bare Fastify and Fastify with 10 async hooks',
  async run(harness) {
    const beside = await harness.compareServers({
      variants: {
        'bare Fastify': server('fastify', 0),
        'host without middleware': server('hooks', 0),
        'host, 1 middleware plugin': server('hooks', 1),
      },
      baseline: 'bare Fastify',
      rounds: 7,
      ...load,
    });
    const hooked = await harness.compareServers({
      variants: {
        'Fastify, 10 async hooks': server('fastify', 10),
        'host, 10 middleware plugins': server('hooks', 10),
        'host, 10 with an async hook': server('async-hooks', 10),
        'host, 10 with a function around': server('around', 10),
        'Hono, 10 middleware': server('hono', 10),
        'NestJS, 10 interceptors': server('nest', 10),
      },
      baseline: 'Fastify, 10 async hooks',
      rounds: 7,
      ...load,
    });
    harness.promise({
      text: 'without middleware <= 1.03 x bare Fastify',
      limit: 1.03,
      measured: harness.ratio(beside, 'host without middleware'),
    });
    harness.promise({
      text: '10 middleware plugins <= Fastify with 10 async hooks',
      limit: 1,
      measured: harness.ratio(hooked, 'host, 10 middleware plugins'),
    });
    harness.promise({
      text: '10 middleware plugins as functions around <= NestJS with 10 interceptors',
      limit: 1,
      measured:
        harness.ratio(hooked, 'host, 10 with a function around') / harness.ratio(hooked, 'NestJS, 10 interceptors'),
    });
    harness.promise({
      text: '10 middleware plugins as functions around <= Hono with 10',
      limit: 1,
      measured: harness.ratio(hooked, 'host, 10 with a function around') / harness.ratio(hooked, 'Hono, 10 middleware'),
    });
    return harness.report();
  },
});

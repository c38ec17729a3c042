/**
 * What middleware costs elsewhere: CPU per request of node:http, bare Fastify, and Fastify with 10 async hooks that read and set a header.
 * The yardstick for the gateway.
 */
import { defineBenchmark } from './harness.ts';

const server = (kind: string) => ({ entry: new URL('./fastify-hooks.child.ts', import.meta.url), args: [kind] });

export default defineBenchmark({
  name: 'fastify-hooks',
  description: 'node:http, Fastify, and Fastify with 10 async hooks',
  async run(harness) {
    await harness.compareServers({
      variants: {
        'node:http': server('node:http'),
        Fastify: server('0'),
        'Fastify, 10 async hooks': server('10'),
      },
      baseline: 'Fastify',
      path: '/hello',
      headers: { 'x-request-id': 'bench' },
    });
    return harness.report();
  },
});

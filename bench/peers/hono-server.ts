import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

/** One route behind `count` middleware, each of which reads a header and sets one. */
export function serveHono(count: number): Promise<number> {
  const app = new Hono();
  for (let i = 0; i < count; i++) {
    const name = `x-plugin-${i}`;
    app.use(async (context, next) => {
      const value = context.req.header('x-client') ?? '';
      await next();
      context.header(name, value);
    });
  }
  app.get('/hello/world', (context) => context.json({ hello: 'world' }));
  return new Promise((resolve) => {
    serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, (address) => resolve((address as AddressInfo).port));
  });
}

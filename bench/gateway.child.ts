import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, type MiddlewareDefinition, type Plugin } from '@backplane/plugin-api';
import { createHost } from '@backplane/runtime';
import { type FastifyInstance, fastify } from 'fastify';
import { reportTo } from './server-child.ts';

/** One server of `gateway.bench.ts`: the same route, with and without us. Every hook and middleware reads a header and sets one. */

const [variant, count] = [process.argv[2], Number(process.argv[3])];

function addRoute(app: FastifyInstance, path: string): void {
  app.get(path, async () => ({ hello: 'world' }));
}

async function serveFastify(hooks: number): Promise<number> {
  const app = fastify();
  for (let i = 0; i < hooks; i++) {
    const name = `x-plugin-${i}`;
    app.addHook('onRequest', async (request, reply) => {
      reply.header(name, request.headers['x-client']);
    });
  }
  addRoute(app, '/hello/world');
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

type Form = 'hooks' | 'async-hooks' | 'around';

function middlewareOf(form: Form, name: string): MiddlewareDefinition {
  if (form === 'hooks') {
    return {
      onResponse(request, response) {
        response.headers.set(name, request.headers['x-client'] as string);
      },
    };
  }
  if (form === 'async-hooks') {
    return {
      async onResponse(request, response) {
        response.headers.set(name, request.headers['x-client'] as string);
      },
    };
  }
  return {
    async handle(request, next) {
      const value = request.headers['x-client'] as string;
      const response = await next();
      response.headers.set(name, value);
      return response;
    },
  };
}

function middlewarePlugin(form: Form, i: number): Plugin {
  return definePlugin({
    name: `plugin-${i}`,
    version: '1.0.0',
    initialize(context) {
      context.http.middleware(middlewareOf(form, `x-plugin-${i}`));
    },
  });
}

const hello = definePlugin({
  name: 'hello',
  version: '1.0.0',
  initialize(context) {
    context.http.routes((app) => addRoute(app, '/world'));
  },
});

/** A whole host, as somebody would run it in production. */
async function serveHost(form: Form, middleware: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const host = await createHost({
    plugins: [...Array.from({ length: middleware }, (_, i) => middlewarePlugin(form, i)), hello],
    configDir: join(folder, 'config'),
    dataDir: join(folder, 'data'),
    environment: 'production',
    logLevel: 'error',
    listen: { port: 0 },
  });
  const { url = '', plugins } = await host.start();
  const stopped = plugins.filter(({ state }) => state.phase !== 'running');
  if (stopped.length > 0) throw new Error(`Not running: ${JSON.stringify(stopped)}`);
  return Number(new URL(url).port);
}

async function serve(): Promise<number> {
  if (variant === 'fastify') return serveFastify(count);
  // Loaded where it is measured, and nowhere else.
  if (variant === 'nest') return (await import('./peers/nest-server.ts')).serveNest(count);
  if (variant === 'hono') return (await import('./peers/hono-server.ts')).serveHono(count);
  return serveHost(variant as Form, count);
}

reportTo(await serve());

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { registerHooks } from 'node:module';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { type FastifyInstance, fastify } from 'fastify';
import { reportTo } from '../server-child.ts';

/**
 * What one writes by hand: the plugin is imported anew with a query that was not there before, which its own imports inherit, a new
 * Fastify app takes the place of the old one, and the old one is closed. Node keeps every module it has ever imported.
 */
const entry = pathToFileURL(process.argv[2] as string);
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === '@backplane/plugin-api') return next(specifier, { ...context, parentURL: import.meta.url });
    const resolved = next(specifier, context);
    const version = context.parentURL?.startsWith(new URL('.', entry).href) && new URL(context.parentURL).search;
    return version ? { ...resolved, url: resolved.url + version } : resolved;
  },
});

type Register = (app: FastifyInstance) => void;
interface Written {
  readonly default: { initialize(context: { http: { routes(register: Register): void } }): void };
}

let app: FastifyInstance | undefined;
let reloads = 0;

async function reload(): Promise<void> {
  reloads++;
  const written = (await import(`${entry.href}?v=${reloads}`)) as Written;
  const next = fastify({ serverFactory: () => createServer() });
  written.default.initialize({
    http: { routes: (register) => next.register(async (scope) => register(scope), { prefix: '/heavy' }) },
  });
  await next.ready();
  const old = app;
  app = next;
  await old?.close();
}

await reload();
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  if (request.method === 'POST') void reload().then(() => response.end('{}'));
  else app?.routing(request, response);
});
server.listen(0, '127.0.0.1', () => reportTo((server.address() as AddressInfo).port));

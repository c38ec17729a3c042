import { readdir } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from '@backplane/plugin-api';
import type { FastifyInstance } from 'fastify';

/** One start of `start.bench.ts` or `store-start.bench.ts`: says what it cost, and ends. What both sides need before they begin is loaded before. */

/** Microseconds, milliseconds, bytes that are reachable afterwards and were not before, and microseconds since the process began. */
export interface Started {
  readonly cpu: number;
  readonly wall: number;
  readonly heap: number;
  readonly whole: number;
}

const [way, folder] = process.argv.slice(2) as [string, string];
const plugins = join(folder, 'plugins');

registerHooks({
  resolve(specifier, context, next) {
    const shared = specifier === '@backplane/plugin-api' || specifier === '@nestjs/common';
    return next(specifier, shared ? { ...context, parentURL: import.meta.url } : context);
  },
});

/** Starts, and gives what ends it again. */
type Start = () => Promise<() => Promise<unknown>>;

async function importAll(from = plugins): Promise<Plugin[]> {
  const found: Plugin[] = [];
  for (const file of await readdir(from)) {
    const module = (await import(pathToFileURL(join(from, file)).href)) as { default: Plugin };
    found.push(module.default);
  }
  return found;
}

type Register = (app: FastifyInstance) => void;

/** What one writes by hand: an app, every file imported and registered under its name. */
async function byHand(): Promise<Start> {
  const { fastify } = await import('fastify');
  return async () => {
    const app = fastify();
    for (const plugin of await importAll()) {
      const routes = (register: Register) =>
        app.register(async (scope) => register(scope), { prefix: `/${plugin.name}` });
      plugin.initialize({ http: { routes } } as never);
    }
    await app.listen({ host: '127.0.0.1', port: 0 });
    return () => app.close();
  };
}

async function host(registered: readonly Plugin[]): Promise<Start> {
  const { createHost } = await import('@backplane/runtime');
  await import('fastify');
  const made = await createHost({
    ...(way === 'files' ? { pluginPaths: [plugins] } : { plugins: registered }),
    configDir: join(folder, 'config'),
    dataDir: join(folder, way === 'store' ? 'stored' : 'data'),
    environment: 'production',
    logLevel: 'error',
    listen: { port: 0 },
  });
  return async () => {
    const { plugins: statuses } = await made.start();
    const down = statuses.find(({ state }) => state.phase !== 'running');
    if (down !== undefined) throw new Error(JSON.stringify(down));
    return made.stop;
  };
}

/** Fastify's own way to load a folder. */
async function autoload(): Promise<Start> {
  const { fastify } = await import('fastify');
  const { fastifyAutoload } = await import('@fastify/autoload');
  return async () => {
    const app = fastify();
    app.register(fastifyAutoload, { dir: join(folder, 'autoload'), dirNameRoutePrefix: false });
    await app.listen({ host: '127.0.0.1', port: 0 });
    await mustServe(app.listeningOrigin);
    return () => app.close();
  };
}

/** A module of NestJS for each. */
async function nest(): Promise<Start> {
  const { listenNest, nestApp } = await import('../peers/nest-server.ts');
  const { Module } = await import('@nestjs/common');
  return async () => {
    const imports = (await importAll(join(folder, 'nest'))) as never[];
    class Root {}
    Module({ imports })(Root);
    const app = await nestApp(Root);
    await mustServe(`http://127.0.0.1:${await listenNest(app)}`);
    return () => app.close();
  };
}

/** A peer that serves nothing would be quick. */
async function mustServe(url: string): Promise<void> {
  const answer = (await (await fetch(`${url}/plugin-7/hello/Ada`)).json()) as { plugin?: number };
  if (answer.plugin !== 7) throw new Error(`It does not serve: ${JSON.stringify(answer)}`);
}

async function bareImports(): Promise<() => Promise<unknown>> {
  const imported = await importAll();
  return async () => imported.length;
}

async function prepare(): Promise<Start> {
  if (way === 'import') return bareImports;
  if (way === 'by hand') return byHand();
  if (way === 'autoload') return autoload();
  if (way === 'NestJS') return nest();
  return host(way === 'program' ? await importAll() : []);
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function heapInUse(): number {
  for (let i = 0; i < 2; i++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const start = await prepare();
const heapBefore = heapInUse();
const [cpuBefore, wallBefore] = [cpuTime(), performance.now()];
const end = await start();
const [cpu, wall] = [cpuTime() - cpuBefore, performance.now() - wallBefore];
const heap = heapInUse() - heapBefore;
process.send?.({ cpu, wall, heap, whole: cpuBefore + cpu } satisfies Started);
await end();
process.disconnect?.();

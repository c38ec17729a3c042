import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, type Server } from 'node:http';
import { pathToFileURL } from 'node:url';
import { systemClock } from '@backplane/base';
import {
  type CallContext,
  CURRENT_CALL,
  type Effect,
  type HttpService,
  type Plugin,
  type PluginContext,
  type PluginLifecycle,
  type Scope,
} from '@backplane/plugin-api';
import type { InstanceDriver } from '@backplane/ports';
import type { FastifyInstance } from 'fastify';
import type { ChildInstance, ChildRuntime, ChildSeat } from '../child-runtime.ts';

/** Just enough of a kernel and a gateway to run a plugin in a child, for tests of the line between the two processes. */

const calls = new AsyncLocalStorage<CallContext>();
(globalThis as Record<symbol, unknown>)[CURRENT_CALL] = () => calls.getStore();

class FixtureScope {
  readonly #ticks: { everyMs: number; tick: (call: CallContext) => void | Promise<void> }[] = [];
  #timers: NodeJS.Timeout[] = [];
  interval(label: string, everyMs: number, tick: (call: CallContext) => void | Promise<void>): Effect {
    this.#ticks.push({ everyMs, tick });
    return { label, dispose: async () => {} };
  }
  activate(): void {
    this.#timers = this.#ticks.map(({ everyMs, tick }) => setInterval(() => tick({} as CallContext), everyMs));
  }
  pause(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }
}

async function buildApp(seat: ChildSeat, register: (app: FastifyInstance) => void | Promise<void>): Promise<Server> {
  const { fastify } = await import('fastify');
  let server = createServer();
  const app = fastify({
    serverFactory: (handler) => {
      server = createServer((request, response) => {
        const call = seat.receive(request.headers);
        (request as { call?: CallContext }).call = call as CallContext;
        response.on('close', () => call?.leave());
        if (call) calls.run(call, () => handler(request, response));
        else handler(request, response);
      });
      return server;
    },
  });
  app.addHook('onRequest', async (request) => {
    (request as { call?: unknown }).call = (request.raw as { call?: unknown }).call;
  });
  await register(app);
  await app.ready();
  return server;
}

async function createInstance(seat: ChildSeat): Promise<ChildInstance> {
  const module = await import(pathToFileURL(seat.entry.path).href);
  const plugin: Plugin = module[seat.entry.exportName ?? 'default'];
  const scope = new FixtureScope();
  let register: ((app: FastifyInstance) => void | Promise<void>) | undefined;
  let server: Server | undefined;
  let lifecycle: PluginLifecycle<never> = {};
  let { config } = seat;
  const http: HttpService = {
    routes: (routes) => {
      register = routes;
    },
    operation: () => {},
    middleware: () => {},
    webSocket: () => {},
  };
  const context = {
    plugin: seat.identity,
    environment: seat.environment,
    get config() {
      return config;
    },
    services: Object.fromEntries(seat.data.needs.map((need) => [need.key, seat.handle(need)])),
    scope: scope as unknown as Scope,
    http: seat.guard(http),
    logger: seat.logger,
    security: seat.security,
    provide: (ref: { id: string }, implementation: object) => seat.provide(ref.id, implementation),
    fail: (reason: unknown) => seat.fail(reason),
  } as unknown as PluginContext<never, never>;
  const driver: InstanceDriver = {
    async initialize() {
      lifecycle = await plugin.initialize(context);
    },
    async start(handover) {
      await lifecycle.start?.(handover);
      scope.activate();
    },
    health: async () => (await lifecycle.health?.()) ?? true,
    async quiesce() {
      scope.pause();
      return lifecycle.handOver?.();
    },
    resume: async () => scope.activate(),
    reconfigurable: () => lifecycle.reconfigure !== undefined,
    async reconfigure(next, previous) {
      const answer = (await lifecycle.reconfigure?.(next as never, previous as never)) ?? 'accepted';
      if (answer === 'accepted') config = next;
      return answer;
    },
    async stop() {
      await lifecycle.stop?.();
    },
    dispose: async () => scope.pause(),
  };
  return {
    driver,
    async listen(socketPath) {
      if (register === undefined) return undefined;
      const listening = await buildApp(seat, register);
      server = listening;
      await new Promise<void>((resolve) => listening.listen(socketPath, resolve));
      return { upgrades: false, routes: [] };
    },
    async close() {
      server?.closeAllConnections();
      server?.close();
    },
  };
}

export const fixtureRuntime: ChildRuntime = {
  clock: systemClock,
  createInstance,
  run: (call, action) => calls.run(call, action),
};

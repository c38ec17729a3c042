import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, systemClock } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import type {
  Entrances,
  GenerationPart,
  HttpFacet,
  InstanceInfo,
  PluginRoutes,
  RouteDescription,
} from '@backplane/ports';
import { answerClientError } from './client-errors.ts';
import { Dispatcher, type ObserveRequest, type ReceiveCall } from './dispatcher.ts';
import { ExchangeResponse } from './exchange-response.ts';
import { InstanceHttp } from './instance-http.ts';
import { DEFAULT_LIMITS, type GatewayLimits } from './limits.ts';
import { middlewareHandlers } from './middleware-handlers.ts';
import { buildMountTable, type MountTable } from './mount-table.ts';
import { PassedOver } from './passed-over.ts';
import { Slices } from './slices.ts';
import type { SystemMount } from './system-mount.ts';
import { refuserOf } from './unavailable.ts';

export interface GatewayOptions {
  readonly entrances: Entrances;
  readonly logger: Logger;
  readonly limits?: Partial<GatewayLimits>;
  /** Pages of the host itself; plugins' middleware is not around them. */
  readonly system?: readonly SystemMount[];
  readonly clock?: Clock;
  /** Tells clients the messages of unexpected errors. For development; off unless told. */
  readonly exposeErrors?: boolean;
  /** Answers 500 where the answer of a declared operation breaks its schema, in place of logging it. For development; off unless told. */
  readonly refuseBrokenAnswers?: boolean;
  /** For a gateway in the process of an isolated plugin. Unless told, and where it gives nothing, every request enters the mount's view. */
  readonly receive?: ReceiveCall;
  readonly observe?: ObserveRequest;
}

/** The HTTP side of an instance, as its host sees it. */
export interface GatewayFacet extends HttpFacet {
  /** True once the instance has registered something to be mounted. */
  readonly serves: boolean;
  /** True once it accepts WebSockets. */
  readonly upgrades: boolean;
  /** What it serves, which may take building its app. @throws BP_HTTP_APP_FAILED */
  describe(): Promise<readonly RouteDescription[]>;
}

/** The HTTP side of the host. */
export interface Gateway {
  /** What every generation has compiled for this gateway. */
  readonly part: GenerationPart<MountTable>;
  /** The HTTP side of an instance. `request.log` in its routes writes to `logger`, the gateway's own unless told. */
  facet(instance: InstanceInfo, logger?: Logger): GatewayFacet;
  /** Serves a request, for servers of someone else's. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** True where a path belongs to a plugin or to a page of the host; else the owner of the server may answer. */
  owns(target: string): boolean;
  /** Serves everything that a server of someone else's receives. The server stays theirs. */
  attach(server: Server): void;
  /** Opens a server, or one more. @throws what `server.listen` fails with */
  listen(options: ListenOptions): Promise<AddressInfo | string>;
  /**
   * Builds the apps that have not been built, one after the other, pausing after at most 10 ms of work.
   * An app that fails is reported and does not stop the others.
   */
  warmAll(pause: () => Promise<void>, failed: (instance: InstanceInfo, error: unknown) => void): Promise<void>;
  /** What every plugin of the current generation serves. Builds the apps that have not been built, in slices as `warmAll` does. */
  describe(pause: () => Promise<void>): Promise<PluginRoutes[]>;
  /**
   * Stops accepting, lets what is in flight end until the deadline, then cuts it. Connections that are idle stay open for `graceMs`
   * (default 0): a request may be on its way over one, and is served. Resolves when no connection is left.
   */
  close(options: { readonly deadlineMs: number; readonly graceMs?: number }): Promise<void>;
  /** Requests, streams and upgraded connections being served. */
  readonly inFlight: number;
}

export type ListenOptions =
  | { readonly host: string; readonly port: number }
  /** A Unix domain socket, or a named pipe. */
  | { readonly path: string };

/** Makes the gateway of a host. It serves once the first generation has its part. */
export function createGateway(options: GatewayOptions): Gateway {
  const { entrances, logger, clock = systemClock, system = [] } = options;
  const limits: GatewayLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const facets = new WeakMap<InstanceInfo, InstanceHttp>();
  const servers = new Set<Server>();
  const passedOver = new PassedOver(logger);

  const part: GenerationPart<MountTable> = {
    key: 'http',
    warm: async (instance) => facets.get(instance)?.warm(),
    build(draft) {
      const table = buildMountTable(draft, {
        system,
        httpOf: (instance) => facets.get(instance),
        refuser: (unavailable) => refuserOf(unavailable, clock),
      });
      passedOver.warn(table);
      return table;
    },
    handlers: middlewareHandlers,
  };
  const dispatcher = new Dispatcher({
    table: () => entrances.part(part),
    entrances,
    logger,
    limits,
    exposeErrors: options.exposeErrors ?? false,
    receive: options.receive,
    observe: options.observe,
  });
  const handler = (request: IncomingMessage, response: ServerResponse): void => dispatcher.serve(request, response);
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Nobody else listens to this socket any more; a reset must not end the process.
    socket.on('error', () => socket.destroy());
    const response = new ExchangeResponse(request) as ServerResponse & { req: IncomingMessage };
    dispatcher.serve(request, response, { socket, head });
  };
  const host = {
    bodyBytes: limits.bodyBytes,
    refuseBrokenAnswers: options.refuseBrokenAnswers ?? false,
    exchanges: () => dispatcher.exchanges,
  };

  /** The instances that have a mount, each once. */
  const served = (): Set<InstanceHttp> => {
    const found = new Set<InstanceHttp>();
    for (const mount of entrances.part(part).mounts.values()) {
      if (mount.kind === 'plugin' && mount.destination instanceof InstanceHttp) found.add(mount.destination);
    }
    return found;
  };

  return {
    part,
    handler,
    upgrade,
    get inFlight() {
      return dispatcher.inFlight;
    },
    facet(instance, instanceLogger = logger) {
      const http = new InstanceHttp(host, instance, instanceLogger);
      facets.set(instance, http);
      return http;
    },
    owns: (target) => dispatcher.owns(target),
    attach(server) {
      server.on('request', handler).on('upgrade', upgrade);
    },
    async listen(where) {
      const server = openServer(limits);
      server.on('request', handler).on('upgrade', upgrade);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once('error', reject).listen(where, resolve);
      await promise;
      server.off('error', reject);
      servers.add(server);
      return server.address() as AddressInfo | string;
    },
    async warmAll(pause, failed) {
      const slices = new Slices(clock, pause);
      for (const http of served()) {
        if (!http.unbuilt) continue;
        await slices.next();
        await http.warm().catch((error) => failed(http.instance, error));
      }
    },
    async describe(pause) {
      const slices = new Slices(clock, pause);
      const described: PluginRoutes[] = [];
      for (const http of served()) {
        await slices.next();
        const { name: plugin, displayName, version, description } = http.instance.data;
        // An app that cannot be built is reported by whoever first needs it to serve.
        const routes = await http.describe().catch(() => []);
        described.push({ plugin, displayName, version, description, routes });
      }
      return described;
    },
    async close({ deadlineMs, graceMs = 0 }) {
      let patient = graceMs > 0;
      const closeIdle = () => {
        if (!patient) for (const server of servers) server.closeIdleConnections();
      };
      const timer = clock.after(deadlineMs, () => dispatcher.cut());
      dispatcher.drain(closeIdle);
      const allClosed = Promise.all([...servers].map(stopAccepting));
      if (patient) {
        const grace = Promise.withResolvers<void>();
        const end = clock.after(Math.min(graceMs, deadlineMs), grace.resolve);
        await Promise.race([grace.promise, allClosed]);
        end.cancel();
        patient = false;
      }
      closeIdle();
      await dispatcher.empty();
      timer.cancel();
      for (const server of servers) server.closeAllConnections();
      await allClosed;
      // Once more, in HTTP's own way: it ends the watch over slow requests.
      for (const server of servers) server.close();
      servers.clear();
    },
  };
}

/** Resolves when the last connection has closed. Unlike the `close` of HTTP servers it leaves idle connections alone. */
function stopAccepting(server: Server): Promise<void> {
  return new Promise((resolve) => NetServer.prototype.close.call(server, () => resolve()));
}

function openServer(limits: GatewayLimits): Server {
  const server = createServer({
    ServerResponse: ExchangeResponse as typeof ServerResponse,
    maxHeaderSize: limits.headerBytes,
    requestTimeout: limits.requestTimeout,
    headersTimeout: limits.headersTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    noDelay: true,
    // Clients of HTTP/2 offer `h2c` with their first request; who does not take the offer answers as if it had not been made.
    shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket',
  });
  server.on('clientError', (error, socket) => answerClientError(error, socket, limits));
  return server as Server;
}

import { isBackplaneError } from '@backplane/base';
import type { AnyOperation, Logger, MiddlewareDefinition } from '@backplane/plugin-api';
import type { ForwardTarget, HttpFacet, InstanceInfo, RouteDescription } from '@backplane/ports';
import { parseCondition } from './condition.ts';
import { type DeclaredOperation, declareOperation } from './declared-operation.ts';
import { errors } from './errors.ts';
import { EventStream, isEventStream } from './event-stream.ts';
import type { Destination, Exchange, Upgrade } from './exchange.ts';
import { Forwarder } from './forward.ts';
import { buildInstanceApp, type InstanceApp, type RegisterRoutes } from './instance-app.ts';
import type { RegisteredMiddleware } from './layer.ts';
import type { Refusal } from './problem-answer.ts';
import { pathOf } from './request-target.ts';
import { type AcceptSocket, GOING_AWAY, SERVICE_RESTART, WebSockets } from './web-sockets.ts';

/** What instances need of their gateway. */
export interface InstanceHttpHost {
  readonly bodyBytes: number;
  readonly refuseBrokenAnswers: boolean;
  /** The requests being served, of all instances. */
  exchanges(): Iterable<Exchange>;
}

type App =
  | { readonly phase: 'unbuilt' }
  | { readonly phase: 'building'; readonly done: Promise<InstanceApp> }
  | { readonly phase: 'ready'; readonly app: InstanceApp }
  | { readonly phase: 'failed'; readonly error: unknown };

const UNBUILT: App = { phase: 'unbuilt' };

/** The HTTP side of one instance. Costs next to nothing until the plugin registers something, and little until it is asked. */
export class InstanceHttp implements HttpFacet, Destination {
  readonly instance: InstanceInfo;
  readonly #host: InstanceHttpHost;
  readonly #logger: Logger;
  readonly #routes: RegisterRoutes[] = [];
  readonly #operations: DeclaredOperation[] = [];
  readonly #middleware: RegisteredMiddleware[] = [];
  #webSockets: WebSockets | undefined;
  #forwarder: Forwarder | undefined;
  #app: App = UNBUILT;
  #eventStreams: Map<Exchange, EventStream> | undefined;
  #owned = false;
  #sealed = false;
  #served = false;

  constructor(host: InstanceHttpHost, instance: InstanceInfo, logger: Logger) {
    this.#host = host;
    this.instance = instance;
    this.#logger = logger;
  }

  get plugin(): string {
    return this.instance.data.name;
  }
  get registeredMiddleware(): readonly RegisteredMiddleware[] {
    return this.#middleware;
  }
  /** True where the instance has a mount. */
  get serves(): boolean {
    return this.#hasApp || this.#webSockets !== undefined || this.#forwarder !== undefined;
  }
  /** True where requests are parsed in another process. */
  get forwards(): boolean {
    return this.#forwarder !== undefined;
  }
  get upgrades(): boolean {
    return this.#webSockets !== undefined;
  }
  /** True where there is an app still to be built. */
  get unbuilt(): boolean {
    return this.#app.phase === 'unbuilt' && this.#hasApp;
  }
  get #hasApp(): boolean {
    return this.#routes.length > 0 || this.#operations.length > 0;
  }

  routes(register: RegisterRoutes): void {
    this.#register('routes');
    this.#routes.push(register);
  }

  operation(definition: AnyOperation): void {
    this.#register('operation');
    const operation = declareOperation(definition);
    const { method, path, operationId } = definition;
    const problem =
      typeof operation === 'string'
        ? operation
        : this.#operations.some((other) => other.label === operation.label)
          ? 'it is declared twice'
          : operationId !== undefined && this.#operations.some((other) => other.definition.operationId === operationId)
            ? `another one is called "${operationId}", too`
            : undefined;
    if (typeof operation === 'string' || problem !== undefined) {
      throw errors.BP_OPERATION_INVALID({
        plugin: this.plugin,
        operation: `${method} ${path}`,
        problem: problem as string,
      });
    }
    this.#operations.push(operation);
  }

  middleware(definition: MiddlewareDefinition): void {
    this.#register('middleware');
    const condition = definition.when === undefined ? undefined : parseCondition(definition.when);
    if (typeof condition === 'string') {
      const middleware = definition.name ?? `${this.plugin}#${this.#middleware.length + 1}`;
      throw errors.BP_MIDDLEWARE_CONDITION_INVALID({ plugin: this.plugin, middleware, problem: condition });
    }
    this.#middleware.push({ definition, condition });
  }

  webSocket(path: string, accept: AcceptSocket): void {
    this.#register('webSocket');
    this.#webSockets ??= new WebSockets(this.#host.bodyBytes);
    this.#webSockets.add(`/${this.plugin}/${path.replace(/^\/+/, '')}`, accept);
  }

  forward(target: ForwardTarget): void {
    this.#register('forward');
    this.#forwarder = new Forwarder(this.plugin, target);
  }

  /** From here on nothing can be registered: the instance is part of a generation. */
  seal(): void {
    this.#sealed = true;
  }

  /** Builds the app, once. @throws BP_HTTP_APP_FAILED */
  async warm(): Promise<void> {
    if (this.#hasApp) await this.#build();
  }

  /** Everything it serves, which may take building its app. @throws BP_HTTP_APP_FAILED */
  async describe(): Promise<readonly RouteDescription[]> {
    const { routes } = this.#hasApp ? await this.#build() : { routes: [] };
    return [...routes, ...(this.#webSockets?.describe() ?? []), ...(this.#forwarder?.routes ?? [])];
  }

  serve(exchange: Exchange): void {
    if (!this.#served) this.#firstServed();
    if (exchange.upgrade !== undefined) this.#serveUpgrade(exchange, exchange.upgrade);
    else if (this.#app.phase === 'ready') this.#app.app.route(exchange.request, exchange.response);
    else if (this.#forwarder !== undefined) this.#forwarder.serve(exchange);
    else if (this.#hasApp) this.#serveLater(exchange);
    else throw errors.BP_HTTP_NOT_FOUND({ method: exchange.method, path: pathOf(exchange.url) });
  }

  headLeft(exchange: Exchange, contentType: string): void {
    if (!isEventStream(contentType, exchange.response)) return;
    const stream = new EventStream(exchange.response);
    this.#eventStreams ??= new Map();
    const streams = this.#eventStreams.set(exchange, stream);
    exchange.response.once('close', () => streams.delete(exchange));
    if (this.instance.draining.aborted) stream.tellRetry();
    else this.#watchDraining();
  }

  goingAway(): void {
    this.#webSockets?.close(GOING_AWAY, 'The host is stopping.');
  }

  #register(what: 'routes' | 'operation' | 'middleware' | 'webSocket' | 'forward'): void {
    const { plugin } = this;
    if (this.#sealed) throw errors.BP_HTTP_REGISTERED_LATE({ plugin, what });
    // Middleware holds nothing; whatever else is registered may come to hold connections.
    if (what === 'middleware' || this.#owned) return;
    this.#owned = true;
    this.instance.scope.add('http', () => this.#dispose());
  }

  async #dispose(): Promise<void> {
    this.instance.draining.removeEventListener('abort', this.#onDraining);
    this.instance.ended.removeEventListener('abort', this.#onEnded);
    this.#webSockets?.terminate();
    await this.#forwarder?.close();
    // Nobody waits for routes that are still being registered, and may hang: no request has come to them.
    if (this.#app.phase === 'building') this.#app.done.then((app) => app.close()).catch(() => {});
    if (this.#app.phase === 'ready') await this.#app.app.close();
    this.#app = UNBUILT;
  }

  /** Nothing long-lived is told twice, and instances without anything long-lived listen to nothing. */
  #watchDraining(): void {
    this.instance.draining.addEventListener('abort', this.#onDraining, { once: true });
  }

  readonly #onDraining = (): void => {
    if (isBackplaneError(this.instance.draining.reason, 'BP_HOST_STOPPED')) this.goingAway();
    else this.#webSockets?.close(SERVICE_RESTART, 'The plugin is being replaced.');
    for (const stream of this.#eventStreams?.values() ?? []) stream.tellRetry();
  };

  readonly #onEnded = (): void => {
    const { plugin } = this;
    const reason = 'it was replaced or stopped, and the time to finish is over';
    const refusal: Refusal = {
      error: errors.BP_PLUGIN_UNAVAILABLE({ plugin, phase: 'ended', reason }),
      headers: { 'retry-after': '1' },
    };
    for (const exchange of this.#host.exchanges()) if (exchange.destination === this) exchange.end(refusal);
  };

  #serveLater(exchange: Exchange): void {
    this.#build().then(
      ({ route }) => {
        if (exchange.open) route(exchange.request, exchange.response);
      },
      (thrown) => exchange.refuse(thrown),
    );
  }

  #firstServed(): void {
    this.#served = true;
    this.instance.ended.addEventListener('abort', this.#onEnded, { once: true });
  }

  #serveUpgrade(exchange: Exchange, upgrade: Upgrade): void {
    const path = pathOf(exchange.request.url ?? '/');
    if (this.#webSockets?.has(path)) {
      this.#watchDraining();
      this.#webSockets.serve(exchange, upgrade).catch((thrown) => exchange.refuse(thrown));
    } else if (this.#forwarder?.upgrades) this.#forwarder.serveUpgrade(exchange, upgrade);
    else throw errors.BP_HTTP_NOT_FOUND({ method: exchange.method, path });
  }

  #build(): Promise<InstanceApp> {
    const state = this.#app;
    if (state.phase === 'ready') return Promise.resolve(state.app);
    if (state.phase === 'failed') return Promise.reject(state.error);
    if (state.phase === 'building') return state.done;
    const { plugin } = this;
    const done = buildInstanceApp({
      plugin,
      routes: this.#routes,
      operations: this.#operations,
      logger: this.#logger,
      bodyBytes: this.#host.bodyBytes,
      limitMs: this.instance.data.limits.initialize,
      refuseBrokenAnswers: this.#host.refuseBrokenAnswers,
    }).then(
      (app) => {
        this.#app = { phase: 'ready', app };
        return app;
      },
      (error) => {
        this.#app = { phase: 'failed', error };
        throw error;
      },
    );
    this.#app = { phase: 'building', done };
    return done;
  }
}

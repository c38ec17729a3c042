import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { canonicalName, isBackplaneError, messageOf } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import type { Call, CallInit, Entrances, View } from '@backplane/ports';
import { errors } from './errors.ts';
import { type Arrival, type Destination, Exchange, type ExchangeHost, type Upgrade } from './exchange.ts';
import { ExchangeList } from './exchange-list.ts';
import type { GatewayLimits } from './limits.ts';
import { type MountTable, NOWHERE } from './mount-table.ts';
import { type ProblemPlace, problemAnswer, type Refusal, refusalFor } from './problem-answer.ts';
import { authorityOf, firstSegment, originForm, pathOf, withFirstSegment } from './request-target.ts';
import { answerOnSocket, sendAnswer } from './send-answer.ts';
import { stripForwarded } from './strip-forwarded.ts';
import type { SystemMount } from './system-mount.ts';

/** Hears of each request that has ended. `plugin` is `undefined` for paths that lead to none. */
export type ObserveRequest = (plugin: string | undefined, method: string, status: number, seconds: number) => void;

/** Gives the call that a request is part of already, because another process of the same host has sent it on. */
export type ReceiveCall = (headers: IncomingHttpHeaders) => Call | undefined;

export interface DispatcherOptions {
  /** The mount table of the current generation. */
  table(): MountTable;
  readonly entrances: Entrances;
  readonly logger: Logger;
  readonly limits: GatewayLimits;
  readonly exposeErrors: boolean;
  readonly receive: ReceiveCall | undefined;
  readonly observe: ObserveRequest | undefined;
}

const NO_INIT: CallInit = Object.freeze({});

/** A request that is no exchange: a page of the host, or one that waits for its plugin. */
interface Waiting {
  readonly response: ServerResponse;
  destroy(): void;
}

/** Finds who answers a request, enters the generation once for it, and counts it in and out. */
export class Dispatcher implements ExchangeHost {
  readonly exposeErrors: boolean;
  readonly exchanges = new ExchangeList();
  readonly #options: DispatcherOptions;
  readonly #waiting = new Set<Waiting>();
  #draining: { readonly oneLeft: () => void } | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.exposeErrors = options.exposeErrors;
  }

  get inFlight(): number {
    return this.exchanges.size + this.#waiting.size;
  }

  /** True where the path belongs to a plugin, running or not, or to a page of the host. */
  owns(target: string): boolean {
    const segment = firstSegment(originForm(target));
    const { mounts } = this.#options.table();
    return segment !== undefined && (mounts.has(segment) || mounts.has(canonicalName(segment)));
  }

  serve(request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade): void {
    const sent = request.url ?? '/';
    const url = originForm(sent);
    if (url !== sent) {
      request.url = url;
      // RFC 9112, 3.2.2: it decides, whatever the Host header says.
      request.headers.host = authorityOf(sent) ?? '';
    }
    const arrival: Arrival = { request, response, url, upgrade };
    if (this.#draining !== undefined) response.setHeader('connection', 'close');
    const { urlLength: limit } = this.#options.limits;
    if (sent.length > limit) this.#refuse(arrival, { error: errors.BP_HTTP_URL_TOO_LONG({ limit }) });
    else this.#route(arrival, undefined);
  }

  failed(thrown: unknown, exchange: Exchange, plugin: string | undefined): void {
    const cause = isBackplaneError(thrown) && thrown.cause !== undefined ? thrown.cause : thrown;
    // What breaks because the client went away is the client's doing: clients must not fill the log.
    const level = exchange.gone ? 'debug' : 'error';
    this.#options.logger[level](`${exchange.method} ${pathOf(exchange.url)} failed: ${messageOf(cause)}`, {
      plugin,
      trace_id: exchange.call.id,
      error: cause,
    });
  }

  left(exchange: Exchange): void {
    this.exchanges.remove(exchange);
    exchange.call.leave();
    const { destination, method, response, arrivedAt } = exchange;
    this.#options.observe?.(destination.plugin, method, response.statusCode, (performance.now() - arrivedAt) / 1000);
    this.#oneLeft();
  }

  /** From here on every answer closes its connection, and what is long-lived is told to end. */
  drain(oneLeft: () => void): void {
    this.#draining = { oneLeft };
    for (const { response, upgrade } of this.exchanges) {
      if (!response.headersSent && upgrade === undefined) response.setHeader('connection', 'close');
    }
    for (const exchange of this.exchanges) exchange.destination.goingAway?.();
  }

  /** Resolves when nothing is in flight. */
  async empty(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    if (this.inFlight === 0) resolve();
    await promise;
  }

  /** Cuts everything that is in flight. */
  cut(): void {
    for (const exchange of this.exchanges) exchange.destroy();
    for (const waiting of this.#waiting) waiting.destroy();
  }

  #route(arrival: Arrival, waitedFor: (() => Promise<void>) | undefined): void {
    const { url, upgrade } = arrival;
    const table = this.#options.table();
    const segment = firstSegment(url);
    if (segment === undefined) {
      this.#refuse(arrival, { error: errors.BP_HTTP_BAD_URL({ url: pathOf(url) }) });
      return;
    }
    const mount = table.mounts.get(segment) ?? table.mounts.get(canonicalName(segment));
    const { inFlight: limit } = this.#options.limits;
    if (mount?.kind === 'system' && upgrade === undefined) {
      this.#serveSystem(arrival, mount.system);
    } else if (this.inFlight >= limit) {
      this.#refuse(arrival, { error: errors.BP_OVERLOADED({ limit }), headers: { 'retry-after': '1' } });
    } else if (mount?.kind !== 'plugin') {
      this.#enter(arrival, table.nowhere, NOWHERE);
    } else if (mount.back !== undefined && mount.back !== waitedFor) {
      this.#routeWhenBack(arrival, mount.back);
    } else {
      if (segment !== mount.name || !url.startsWith(segment, 1)) rename(arrival, mount.name);
      this.#enter(arrival, mount, mount.destination);
    }
  }

  #enter(arrival: Arrival, { view, onion }: MountTable['nowhere'], destination: Destination): void {
    let call: Call;
    try {
      call = this.#callOf(arrival.request, view);
    } catch (thrown) {
      this.#refuse(arrival, refusalFor(thrown, this.#place(arrival)));
      return;
    }
    const passed = onion.select(arrival.request.method ?? 'GET', arrival.url);
    const exchange = new Exchange(this, arrival, call, passed, destination);
    if (this.#options.observe !== undefined) exchange.arrivedAt = performance.now();
    this.exchanges.add(exchange);
    this.#options.entrances.run(exchange.call, () => exchange.begin());
  }

  #callOf(request: IncomingMessage, view: View): Call {
    const { headers } = request;
    const received = this.#options.receive?.(headers);
    stripForwarded(request);
    if (received !== undefined) return received;
    const { traceparent } = headers;
    return view.enter(traceparent === undefined ? NO_INIT : { traceparent: String(traceparent) });
  }

  #routeWhenBack(arrival: Arrival, back: () => Promise<void>): void {
    const { response, upgrade } = arrival;
    const connection = upgrade?.socket ?? response;
    const entry: Waiting = { response, destroy: () => connection.destroy() };
    this.#waiting.add(entry);
    const gone = () => {
      this.#waiting.delete(entry);
      this.#oneLeft();
    };
    connection.once('close', gone);
    const goOn = () => {
      connection.off('close', gone);
      if (this.#waiting.delete(entry)) this.#route(arrival, back);
      this.#oneLeft();
    };
    back().then(goOn, goOn);
  }

  #serveSystem(arrival: Arrival, system: SystemMount): void {
    const { request, response, url } = arrival;
    const entry: Waiting = { response, destroy: () => response.destroy() };
    this.#waiting.add(entry);
    response.once('close', () => {
      this.#waiting.delete(entry);
      this.#oneLeft();
    });
    const failed = (thrown: unknown) => {
      const path = pathOf(url);
      this.#options.logger.error(`A page of the host failed: ${path}`, { error: thrown });
      if (response.headersSent) response.destroy();
      else this.#refuse(arrival, { error: errors.BP_HTTP_SYSTEM_FAILED({ path }, { cause: thrown }) });
    };
    try {
      const done = system.handle(request, response);
      if (done !== undefined) done.catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  }

  /** Answers a request that no generation was entered for. */
  #refuse(arrival: Arrival, refusal: Refusal): void {
    const { request, response, upgrade } = arrival;
    if (upgrade !== undefined) answerOnSocket(response, upgrade.socket);
    const answer = problemAnswer(refusal, this.#place(arrival));
    sendAnswer(response, request.method ?? 'GET', answer, { failed: () => response.destroy() });
  }

  #place({ url, request: { method = 'GET' } }: Arrival): ProblemPlace {
    return { url, method, traceId: undefined, plugin: undefined, exposeErrors: this.exposeErrors };
  }

  #oneLeft(): void {
    if (this.#draining === undefined) return;
    // The connection counts as idle once the response is out of the way.
    setImmediate(this.#draining.oneLeft);
    if (this.inFlight === 0) this.#whenEmpty?.();
  }
}

/** Gives a request that came by an alias the canonical name, as the routes of the plugin are registered with it. */
function rename({ request, url }: Arrival, name: string): void {
  (request as IncomingMessage & { originalUrl?: string }).originalUrl = url;
  request.url = withFirstSegment(url, name);
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { GatewayRequest, GatewayResponse, ResponseInit } from '@backplane/plugin-api';
import type { Call } from '@backplane/ports';
import type { FastifyReply } from 'fastify';
import { Answer, OwnAnswer } from './answer.ts';
import { CommittedAnswer, SentHeaders } from './committed-answer.ts';
import { errors } from './errors.ts';
import { type ResponseWatcher, watch } from './exchange-response.ts';
import type { Layer, Onion, ParsedLayer } from './layer.ts';
import { expectRejections, failureWithoutAnswer, passThrough, type Step } from './onion.ts';
import { discardBody } from './owned-body.ts';
import { type ProblemPlace, problemAnswer, type Refusal, refusalFor } from './problem-answer.ts';
import { ReplyAnswer } from './reply-answer.ts';
import { pathOf } from './request-target.ts';
import { answerOnSocket, sendAnswer } from './send-answer.ts';

/** Where a request ends: the app of an instance, a process, or a refusal. */
export interface Destination {
  /** The plugin that is asked; `undefined` for none. */
  readonly plugin: string | undefined;
  /** Has the request answered through `offer` or `offerReply`, or by writing to the response. What it throws is answered as a problem. */
  serve(exchange: Exchange): void;
  /** Told when the head of an answer to a request of its own has left. */
  headLeft?(exchange: Exchange, contentType: string): void;
  /** Told when the host stops, perhaps more than once: what is long-lived ends soon. */
  goingAway?(): void;
}

/** A connection that a client wants to speak another protocol on. */
export interface Upgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** A request as the server gave it. */
export interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Path and query as sent. */
  readonly url: string;
  readonly upgrade: Upgrade | undefined;
}

/** What exchanges need of their gateway. */
export interface ExchangeHost {
  readonly exposeErrors: boolean;
  /** Told of whatever ended a request in an unforeseen way. */
  failed(thrown: unknown, exchange: Exchange, plugin: string | undefined): void;
  /** Called once, when the response has closed and the middleware has returned. */
  left(exchange: Exchange): void;
}

/** Sends on a reply that was held back, as the callback of Fastify's `onSend` does. */
type Release = (error: null, payload?: unknown) => void;

/**
 * How far a request is. `direct`: no middleware, whoever serves it writes to the response itself. `inside`: middleware or the destination
 * are at it. `sending`: an answer has been decided on. `gone`: the response has closed.
 */
type Progress = 'direct' | 'inside' | 'sending' | 'gone';

const KEY: unique symbol = Symbol('backplane.exchange');

/** The exchange of a request that this process serves. */
export function exchangeOf(request: IncomingMessage): Exchange | undefined {
  return (request as { [KEY]?: Exchange })[KEY];
}

/** One request on its way in and its answer on the way out. Middleware sees it as its `GatewayRequest`. */
export class Exchange implements GatewayRequest, ResponseWatcher {
  readonly url: string;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly call: Call;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly layers: readonly Layer[];
  /** The middleware that sees what has been parsed. */
  readonly parsing: readonly ParsedLayer[] | undefined;
  readonly destination: Destination;
  readonly upgrade: Upgrade | undefined;
  /** The middleware furthest in that was called. */
  innermost: Step | undefined;
  /** Milliseconds on the monotonic clock; 0 where nobody measures. */
  arrivedAt = 0;
  /** Neighbours in the list of requests being served. */
  previous: Exchange | undefined;
  following: Exchange | undefined;
  readonly #host: ExchangeHost;
  #progress: Progress = 'direct';
  /** The promise of the innermost `next()`. */
  #inner: PromiseWithResolvers<Answer> | undefined;
  #reply: ReplyAnswer | undefined;
  #release: Release | undefined;
  #returned = true;

  constructor(
    host: ExchangeHost,
    { request, response, url, upgrade }: Arrival,
    call: Call,
    { layers, parsing }: Onion,
    destination: Destination,
  ) {
    this.#host = host;
    this.request = request;
    this.response = response;
    this.url = url;
    this.headers = request.headers;
    this.call = call;
    this.layers = layers;
    this.parsing = parsing;
    this.destination = destination;
    this.upgrade = upgrade;
    (request as { [KEY]?: Exchange })[KEY] = this;
    watch(response, this);
    upgrade?.socket.once('close', () => this.closed(false));
  }

  get method(): string {
    return this.request.method ?? 'GET';
  }
  get remoteAddress(): string | undefined {
    return this.request.socket.remoteAddress;
  }
  /** True once the response has closed. */
  get gone(): boolean {
    return this.#progress === 'gone';
  }
  /** True while nothing has been decided on: an answer may still be offered. */
  get open(): boolean {
    return this.#progress === 'inside' || (this.#progress === 'direct' && !this.response.headersSent);
  }
  get place(): ProblemPlace {
    return {
      url: this.url,
      method: this.method,
      traceId: this.call.id,
      plugin: this.destination.plugin,
      exposeErrors: this.#host.exposeErrors,
    };
  }

  respond(init: ResponseInit): GatewayResponse {
    return new OwnAnswer(init);
  }

  /** Sends the request on its way. */
  begin(): void {
    if (this.layers.length === 0) {
      this.#serve();
      return;
    }
    this.#progress = 'inside';
    this.#returned = false;
    passThrough(this).then(
      (answer) => this.#cameOut(answer),
      () => this.#cameOut(undefined),
    );
  }

  /** The innermost `next()`: hands the request to its destination. Called at most once. */
  reach(): Promise<Answer> {
    const inner = Promise.withResolvers<Answer>();
    this.#inner = inner;
    if (this.#progress === 'inside') this.#serve();
    else this.#rejectInner();
    return inner.promise;
  }

  /** An answer that the gateway is to write. Comes too late where one has been decided on: it is let go. */
  offer(answer: OwnAnswer): void {
    if (this.#progress === 'inside' && this.#inner !== undefined) this.#inner.resolve(answer);
    else if (this.#progress === 'direct') this.#send(answer, false);
    else answer.discard();
  }

  /** A Fastify reply about to be sent: at once where there is no middleware, else when the onion has let it out. */
  offerReply(reply: FastifyReply, payload: unknown, release: Release): void {
    if (this.#progress === 'direct') {
      this.#releaseDirectly(reply, payload, release);
      return;
    }
    const answer = new ReplyAnswer(reply, payload);
    if (this.#progress !== 'inside') {
      // Fastify's second reply, to a stream that broke before its first byte, has been through here.
      if (this.#progress === 'sending' && this.#reply !== undefined) release(null, payload);
      else answer.discard();
      return;
    }
    this.#reply = answer;
    this.#release = release;
    this.#inner?.resolve(answer);
  }

  /** Answers with a problem: any thrown thing will do. */
  refuse(thrown: unknown): void {
    this.offerRefusal(refusalFor(thrown, this.place));
  }

  offerRefusal(refusal: Refusal): void {
    if (refusal.error.status >= 500) this.report(refusal.error);
    this.offer(problemAnswer(refusal, this.place));
  }

  /** Has the host log what its client is told little about. */
  report(thrown: unknown): void {
    this.#host.failed(thrown, this, this.destination.plugin);
  }

  /** The problem that stands for failed middleware, which is logged. */
  middlewareFailed(thrown: unknown, layer: Layer): OwnAnswer {
    const refusal = refusalFor(thrown, this.place);
    if (refusal.error.status >= 500) this.#host.failed(refusal.error, this, layer.plugin);
    return problemAnswer(refusal, this.place);
  }

  /** Ends the request now: with the refusal where nothing has been sent, else by cutting the connection. */
  end(refusal: Refusal): void {
    if (this.open) this.#send(problemAnswer(refusal, this.place), true);
    else this.destroy();
  }

  destroy(): void {
    (this.upgrade?.socket ?? this.response).destroy();
  }

  headLeft(contentType: string | undefined): void {
    if (this.#progress === 'inside') {
      this.#progress = 'sending';
      this.#inner?.resolve(new CommittedAnswer(this.response.statusCode, new SentHeaders(this.response)));
    } else if (this.#progress === 'direct') {
      this.#progress = 'sending';
    }
    if (contentType !== undefined) this.destination.headLeft?.(this, contentType);
  }

  /** The connection now speaks another protocol. */
  upgraded(answer: CommittedAnswer): void {
    if (this.#progress === 'inside') this.#inner?.resolve(answer);
    this.#progress = 'sending';
  }

  closed(whole: boolean): void {
    if (this.gone) return;
    const unanswered = this.#progress === 'inside';
    this.#progress = 'gone';
    if (!whole) this.call.cancel(this.#clientGone());
    this.#reply?.release();
    if (unanswered && this.#inner !== undefined) this.#rejectInner();
    if (this.#returned) this.#host.left(this);
  }

  #serve(): void {
    try {
      this.destination.serve(this);
    } catch (thrown) {
      this.refuse(thrown);
    }
  }

  /** The outermost middleware has returned; `undefined` where the client went away. */
  #cameOut(answer: Answer | undefined): void {
    this.#returned = true;
    if (this.#progress !== 'inside') {
      // Nobody is there any more, or the head has left: what follows it goes on as it is.
      if (answer instanceof Answer) answer.discard();
      if (this.gone) this.#host.left(this);
    } else if (answer instanceof OwnAnswer) {
      this.#send(answer, true);
    } else if (answer instanceof ReplyAnswer && answer === this.#reply) {
      this.#releaseReply(answer);
    } else {
      void this.#sendNoAnswer();
    }
  }

  async #sendNoAnswer(): Promise<void> {
    const failure = await failureWithoutAnswer(this.innermost);
    const outermost = this.layers[0] as Layer;
    const { error, layer } = failure ?? {
      error: new Error('It returned the answer of another request.'),
      layer: outermost,
    };
    const problem = this.middlewareFailed(error, layer);
    if (this.#progress === 'inside') this.#send(problem, true);
  }

  #releaseDirectly(reply: FastifyReply, payload: unknown, release: Release): void {
    try {
      release(null, payload);
    } catch (thrown) {
      // A header that Node refuses to send.
      reply.hijack();
      discardBody(payload);
      this.#sendFailed(thrown);
    }
  }

  #releaseReply(answer: ReplyAnswer): void {
    this.#progress = 'sending';
    try {
      this.#release?.(null, answer.payload);
    } catch (thrown) {
      // Middleware set a header or body that Node refuses to send.
      answer.discard();
      this.#sendFailed(thrown);
    }
  }

  /** `overInner`: whatever serves the request has not answered, or its answer is not taken, and may still try to write. */
  #send(answer: OwnAnswer, overInner: boolean): void {
    this.#progress = 'sending';
    const { response } = this;
    if (this.upgrade !== undefined) answerOnSocket(response, this.upgrade.socket);
    if (overInner) {
      this.#reply?.discard();
      response.on('error', () => {});
    }
    sendAnswer(response, this.method, answer, {
      failed: (thrown) => this.#sendFailed(thrown),
      broke: (thrown) => this.report(thrown),
    });
  }

  #sendFailed(thrown: unknown): void {
    const { response } = this;
    if (response.headersSent || response.closed) {
      response.destroy();
      return;
    }
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    response.statusMessage = '';
    const refusal = refusalFor(thrown, this.place);
    this.report(refusal.error);
    sendAnswer(response, this.method, problemAnswer(refusal, this.place), { failed: () => response.destroy() });
  }

  #rejectInner(): void {
    expectRejections(this.innermost);
    this.#inner?.promise.catch(() => {});
    this.#inner?.reject(this.#clientGone());
  }

  #clientGone(): Error {
    return errors.BP_HTTP_CLIENT_GONE({ method: this.method, path: pathOf(this.url) });
  }
}

import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { ResponseBody, ResponseHeaders } from '@backplane/plugin-api';
import type { FastifyReply } from 'fastify';
import { Answer } from './answer.ts';
import { checkedBody, discardBody, own, tie } from './owned-body.ts';

/** Headers of a Fastify reply, set on it directly: nothing is copied. */
class ReplyHeaders implements ResponseHeaders {
  readonly #reply: FastifyReply;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
  }
  get(name: string): string | readonly string[] | undefined {
    const value = this.#reply.getHeader(name);
    return typeof value === 'number' ? String(value) : value;
  }
  set(name: string, value: string | readonly string[]): void {
    const reply = this.#reply;
    if (reply.raw.headersSent) return;
    // Fastify adds to this one where it replaces every other.
    if (name.length === 10 && name.toLowerCase() === 'set-cookie') reply.removeHeader(name);
    reply.header(name, value);
  }
  delete(name: string): void {
    this.#reply.removeHeader(name);
  }
  has(name: string): boolean {
    return this.#reply.hasHeader(name);
  }
  names(): string[] {
    return Object.keys(this.#reply.getHeaders());
  }
}

/** An answer of a Fastify app, held back in its last `onSend` hook. */
export class ReplyAnswer extends Answer {
  readonly #reply: FastifyReply;
  readonly #original: unknown;
  #headers: ReplyHeaders | undefined;
  #body: ResponseBody;

  constructor(reply: FastifyReply, payload: unknown) {
    super();
    this.#reply = reply;
    this.#original = payload;
    this.#body = own(asBody(reply, payload));
  }

  get committed(): boolean {
    return false;
  }
  get status(): number {
    return this.#reply.statusCode;
  }
  set status(status: number) {
    if (!this.#reply.raw.headersSent) this.#reply.code(status);
  }
  get headers(): ResponseHeaders {
    this.#headers ??= new ReplyHeaders(this.#reply);
    return this.#headers;
  }
  get body(): ResponseBody {
    return this.#body;
  }
  set body(body: ResponseBody) {
    tie(this.#body, checkedBody(body));
    this.#body = body;
    if (!this.#reply.raw.headersSent) this.#reply.removeHeader('content-length');
  }

  /** What Fastify is to send. */
  get payload(): unknown {
    const body = this.#body;
    return body instanceof Uint8Array && !Buffer.isBuffer(body)
      ? Buffer.from(body.buffer, body.byteOffset, body.byteLength)
      : body;
  }

  /** Destroys the stream the route gave, where it has not come to its end: middleware may have replaced it. */
  release(): void {
    discardBody(this.#original);
    discardBody(this.#body);
  }

  /** Makes sure that Fastify never sends this reply. */
  override discard(): void {
    this.#reply.hijack();
    this.release();
  }
}

function asBody(reply: FastifyReply, payload: unknown): ResponseBody {
  if (payload === undefined || payload === null) return null;
  if (typeof payload !== 'object' || payload instanceof Uint8Array || payload instanceof Readable) {
    return payload as ResponseBody;
  }
  if (payload instanceof Response) {
    reply.code(payload.status);
    for (const [name, value] of payload.headers) reply.header(name, value);
    return payload.body === null ? null : Readable.fromWeb(payload.body as ReadableStream);
  }
  if ('getReader' in payload) return Readable.fromWeb(payload as ReadableStream);
  // A stream of another library: Fastify pipes it, so may middleware.
  return payload as Readable;
}

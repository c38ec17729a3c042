import type { GatewayResponse, ResponseBody, ResponseHeaders, ResponseInit } from '@backplane/plugin-api';
import { checkedBody, discardBody, own, tie } from './owned-body.ts';

/** Every answer that may come out of the onion. Middleware sees its interface only. */
export abstract class Answer implements GatewayResponse {
  abstract status: number;
  abstract readonly headers: ResponseHeaders;
  abstract body: ResponseBody;
  abstract readonly committed: boolean;

  /** Lets go of a body that nobody will read. */
  discard(): void {
    discardBody(this.body);
  }
}

/** Headers in a map of their own, until the answer is written. */
class OwnHeaders implements ResponseHeaders {
  readonly #values = new Map<string, string | readonly string[]>();

  get(name: string): string | readonly string[] | undefined {
    return this.#values.get(name.toLowerCase());
  }
  set(name: string, value: string | readonly string[]): void {
    this.#values.set(name.toLowerCase(), value);
  }
  delete(name: string): void {
    this.#values.delete(name.toLowerCase());
  }
  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }
  names(): string[] {
    return [...this.#values.keys()];
  }
}

/** An answer that the gateway itself will write: made by middleware, a problem, or one that was forwarded. */
export class OwnAnswer extends Answer {
  status: number;
  readonly headers: ResponseHeaders = new OwnHeaders();
  /** Writes the head without waiting for the first byte of a streamed body. */
  readonly eager: boolean;
  #body: ResponseBody;

  constructor(init: ResponseInit, eager = false) {
    super();
    this.status = init.status;
    this.#body = own(checkedBody(init.body ?? null));
    this.eager = eager;
    for (const name in init.headers) this.headers.set(name, init.headers[name] as string | readonly string[]);
  }

  get committed(): boolean {
    return false;
  }
  get body(): ResponseBody {
    return this.#body;
  }
  set body(body: ResponseBody) {
    tie(this.#body, checkedBody(body));
    this.#body = body;
    this.headers.delete('content-length');
  }
}

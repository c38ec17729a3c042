import type { OutgoingHttpHeader, ServerResponse } from 'node:http';
import type { ResponseBody, ResponseHeaders } from '@backplane/plugin-api';
import { Answer } from './answer.ts';

/** An answer whose head has left before middleware saw it. It can be read; changing it does nothing. */
export class CommittedAnswer extends Answer {
  readonly headers: ResponseHeaders;
  readonly #status: number;

  constructor(status: number, headers: ResponseHeaders) {
    super();
    this.#status = status;
    this.headers = headers;
  }

  /** 101, as it went to a client that speaks another protocol from here on. */
  static switching(): CommittedAnswer {
    return new CommittedAnswer(101, NO_HEADERS);
  }

  get committed(): boolean {
    return true;
  }
  get status(): number {
    return this.#status;
  }
  set status(_: number) {}
  get body(): ResponseBody {
    return null;
  }
  set body(_: ResponseBody) {}
}

/** Headers as they left. Those that were given to `writeHead` alone cannot be read back and are missing. */
export class SentHeaders implements ResponseHeaders {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }
  get(name: string): string | readonly string[] | undefined {
    const value: OutgoingHttpHeader | undefined = this.#response.getHeader(name);
    return typeof value === 'number' ? String(value) : value;
  }
  set(): void {}
  delete(): void {}
  has(name: string): boolean {
    return this.#response.hasHeader(name);
  }
  names(): string[] {
    return this.#response.getHeaderNames();
  }
}

const NO_HEADERS: ResponseHeaders = Object.freeze({
  get: () => undefined,
  set: () => {},
  delete: () => {},
  has: () => false,
  names: () => [],
});

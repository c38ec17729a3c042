import type { Readable } from 'node:stream';
import { Pool } from 'undici';

export interface Answer {
  /** Of the request. */
  readonly method: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly tookMs: number;
}

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'HEAD';
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer | Readable;
}

/** Longer than any request may take, also on a machine with more to do: what is not answered by then never is. */
const ANSWER_LIMIT_MS = 60_000;

/** Asks the host over connections that are kept. What breaks off or is not answered rejects. */
export class Client {
  readonly #pool: Pool;

  constructor(url: string, connections: number) {
    this.#pool = new Pool(url, {
      connections,
      pipelining: 1,
      headersTimeout: ANSWER_LIMIT_MS,
      bodyTimeout: ANSWER_LIMIT_MS,
    });
  }

  async ask(path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Answer> {
    const began = performance.now();
    const response = await this.#pool.request({ path, method, headers, ...(body !== undefined && { body }) });
    const bytes = Buffer.from(await response.body.arrayBuffer());
    return {
      method,
      status: response.statusCode,
      headers: response.headers,
      body: bytes,
      tookMs: performance.now() - began,
    };
  }

  /** The head, and a body that is still on its way. */
  async open(path: string, headers: Record<string, string> = {}) {
    return this.#pool.request({ path, method: 'GET', headers });
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  destroy(): Promise<void> {
    return this.#pool.destroy();
  }
}

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
  /** Aborts when whoever asks leaves. */
  readonly signal?: AbortSignal;
}

/** Asks the host over connections that are kept. What breaks off or is not answered rejects. */
export class Client {
  readonly #pool: Pool;

  /** What is not answered within `limitMs` never is: longer than any request may take, also on a machine with more to do. */
  constructor(url: string, connections: number, limitMs: number) {
    this.#pool = new Pool(url, { connections, pipelining: 1, headersTimeout: limitMs, bodyTimeout: limitMs });
  }

  async ask(path: string, { method = 'GET', headers = {}, body, signal }: Ask = {}): Promise<Answer> {
    const began = performance.now();
    const response = await this.#pool.request({
      path,
      method,
      headers,
      ...(body !== undefined && { body }),
      ...(signal !== undefined && { signal }),
    });
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

import { Agent, request } from 'node:http';
import type { Answer } from './judge.ts';

/** A request as it is sent: the path goes out as it is written here. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Longer than anything takes that is asked here. */
const PATIENCE_MS = 60_000;
/** Streams are heard for so long. */
const STREAM_MS = 50;

/** Sends requests over one connection, one after the other. */
export class Asker implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;

  constructor(url: string) {
    this.#port = Number(new URL(url).port);
  }

  ask({ method, path, headers, body }: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port: this.#port, agent: this.#agent, method, path, headers, timeout: PATIENCE_MS },
        (response) => {
          let text = '';
          const ended = () => resolve({ status: response.statusCode as number, headers: response.headers, text });
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', ended);
          response.on('error', reject);
          if (!response.headers['content-type']?.startsWith('text/event-stream')) return;
          setTimeout(() => {
            ended();
            sent.destroy();
          }, STREAM_MS);
        },
      );
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
      sent.on('error', reject);
      sent.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

import type { ServerResponse } from 'node:http';

/** Tells the client to connect again a second after the stream ends. */
const RETRY = 'retry: 1000\n\n';

/** True for server-sent events that can be read as they pass. */
export function isEventStream(contentType: string, response: ServerResponse): boolean {
  return contentType.startsWith('text/event-stream') && !response.hasHeader('content-encoding');
}

type Write = ServerResponse['write'];

/** Watches a stream of server-sent events, so that something can be said between two of them and never within one. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #write: Write;
  /** The last four characters that were written. */
  #tail = '\n\n';
  #retryWanted = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#write = response.write;
    response.write = ((...given: Parameters<Write>): boolean => {
      const flowing = this.#write.apply(response, given);
      this.#tail = (this.#tail + endOf(given[0])).slice(-4);
      return this.#retryWanted ? this.#tellIfBetween(flowing) : flowing;
    }) as Write;
  }

  /** Asks the client to come back in a second: now, or when the event under way is complete. */
  tellRetry(): void {
    this.#retryWanted = true;
    this.#tellIfBetween(true);
  }

  #tellIfBetween(flowing: boolean): boolean {
    if (!/(\n\n|\r\r|\r\n\r\n)$/.test(this.#tail) || this.#response.writableEnded) return flowing;
    this.#retryWanted = false;
    return this.#write.call(this.#response, RETRY, 'utf8');
  }
}

function endOf(chunk: unknown): string {
  if (typeof chunk === 'string') return chunk.slice(-4);
  return chunk instanceof Uint8Array ? Buffer.from(chunk.subarray(-4)).toString('latin1') : '';
}

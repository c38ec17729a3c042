import { ServerResponse } from 'node:http';

/** Sees a response leave, however it is written. */
export interface ResponseWatcher {
  headLeft(contentType: string | undefined): void;
  /** Called once. `whole` is false where the client went away or the connection was cut before. */
  closed(whole: boolean): void;
}

/** Where a response keeps its watcher. */
export const WATCHER: unique symbol = Symbol('backplane.response-watcher');

interface Watched {
  [WATCHER]?: ResponseWatcher | undefined;
}

type HeadArguments = [status: number, reason?: unknown, headers?: unknown];

// Narrower than its overloads, which TypeScript cannot choose from for arguments passed on.
const writeHead = ServerResponse.prototype.writeHead as (
  this: ServerResponse,
  ...head: HeadArguments
) => ServerResponse;

/** The response class of the gateway's own servers: tells its watcher when the head has left, also for raw writes. */
export class ExchangeResponse extends ServerResponse implements Watched {
  // Not set here: fields of a symbol's name are slow to define, and every response is watched anyway.
  declare [WATCHER]: ResponseWatcher | undefined;

  override writeHead(...head: unknown[]): this {
    writeHead.apply(this, head as HeadArguments);
    this[WATCHER]?.headLeft(contentTypeOf(this, head));
    return this;
  }

  // A listener for every response would cost as much as everything else that the gateway does.
  override emit(event: string | symbol, ...given: unknown[]): boolean {
    if (event === 'close') this[WATCHER]?.closed(this.writableFinished);
    return super.emit(event, ...given);
  }
}

/** Has `watcher` told how this response fares. Responses of servers that are not ours get a method and a listener of their own. */
export function watch(response: ServerResponse, watcher: ResponseWatcher): void {
  (response as Watched)[WATCHER] = watcher;
  if (response instanceof ExchangeResponse) return;
  response.writeHead = ExchangeResponse.prototype.writeHead as typeof response.writeHead;
  response.once('close', () => watcher.closed(response.writableFinished));
}

function contentTypeOf(response: ServerResponse, head: readonly unknown[]): string | undefined {
  const given = typeof head[1] === 'object' ? head[1] : head[2];
  if (typeof given === 'object' && given !== null) {
    const direct = (given as Record<string, unknown>)['content-type'];
    if (typeof direct === 'string') return direct;
    const named = Array.isArray(given) ? inPairs(given) : inRecord(given as Record<string, unknown>);
    if (named !== undefined) return named;
  }
  const set = response.getHeader('content-type');
  return typeof set === 'string' ? set : undefined;
}

function inRecord(headers: Record<string, unknown>): string | undefined {
  for (const name in headers) {
    if (name.length === 12 && name.toLowerCase() === 'content-type') return String(headers[name]);
  }
  return undefined;
}

function inPairs(headers: readonly unknown[]): string | undefined {
  const flat = headers.flat();
  for (let i = 0; i + 1 < flat.length; i += 2) {
    if (String(flat[i]).toLowerCase() === 'content-type') return String(flat[i + 1]);
  }
  return undefined;
}

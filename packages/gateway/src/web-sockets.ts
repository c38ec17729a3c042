import type { IncomingMessage } from 'node:http';
import type { CallContext } from '@backplane/plugin-api';
import type { RouteDescription } from '@backplane/ports';
import type { WebSocket, WebSocketServer } from 'ws';
import { CommittedAnswer } from './committed-answer.ts';
import { errors } from './errors.ts';
import type { Exchange, Upgrade } from './exchange.ts';
import { pathOf } from './request-target.ts';

export type AcceptSocket = (socket: WebSocket, request: IncomingMessage, call: CallContext) => void;

/** Close codes of RFC 6455 and the IANA registry. */
export const GOING_AWAY = 1001;
export const SERVICE_RESTART = 1012;
const INTERNAL_ERROR = 1011;

/** The WebSocket paths of one instance, and the connections open on them. */
export class WebSockets {
  readonly #paths = new Map<string, AcceptSocket>();
  readonly #open = new Set<WebSocket>();
  readonly #maxPayload: number;
  #server: Promise<WebSocketServer> | undefined;

  constructor(maxPayload: number) {
    this.#maxPayload = maxPayload;
  }

  /** `path` is whole, with the mount. */
  add(path: string, accept: AcceptSocket): void {
    this.#paths.set(withoutSlash(path), accept);
  }

  describe(): RouteDescription[] {
    const responses = { 101: { description: 'A WebSocket connection.' } };
    return [...this.#paths.keys()].map((url) => ({ method: 'GET', url, operation: { responses } }));
  }

  has(path: string): boolean {
    return this.#paths.has(withoutSlash(path));
  }

  /** Shakes hands and hands over the connection; the exchange stays open as long as the connection is. */
  async serve(exchange: Exchange, upgrade: Upgrade): Promise<void> {
    const path = withoutSlash(pathOf(exchange.request.url ?? '/'));
    const accept = this.#paths.get(path);
    if (accept === undefined) throw errors.BP_HTTP_NOT_FOUND({ method: 'GET', path });
    const refused = refusalOf(exchange.request);
    if (refused !== undefined) throw refused;
    this.#server ??= import('ws').then(
      (ws) => new ws.WebSocketServer({ noServer: true, maxPayload: this.#maxPayload }),
    );
    const server = await this.#server;
    if (!exchange.open || upgrade.socket.destroyed) return;
    server.handleUpgrade(exchange.request, upgrade.socket, upgrade.head, (socket) => {
      exchange.upgraded(CommittedAnswer.switching());
      this.#accepted(socket, exchange, accept);
    });
  }

  /** Closes every connection, with its reason; those that do not answer are left for `terminate`. */
  close(code: number, reason: string): void {
    for (const socket of this.#open) socket.close(code, reason);
  }

  terminate(): void {
    for (const socket of this.#open) socket.terminate();
  }

  #accepted(socket: WebSocket, exchange: Exchange, accept: AcceptSocket): void {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    // A broken frame is the client's affair: `ws` closes the connection after this event.
    socket.on('error', () => {});
    try {
      accept(socket, exchange.request, exchange.call);
    } catch (thrown) {
      exchange.report(thrown);
      socket.close(INTERNAL_ERROR, 'The plugin failed to accept the connection.');
    }
  }
}

/** Checks what `ws` would otherwise answer on its own, past the middleware. */
function refusalOf(request: IncomingMessage): Error | undefined {
  const { upgrade, 'sec-websocket-key': key, 'sec-websocket-version': version } = request.headers;
  const bad = (problem: string) => errors.BP_HTTP_BAD_REQUEST({ problem });
  if (request.method !== 'GET') return bad('a WebSocket is opened with GET');
  if (upgrade?.toLowerCase() !== 'websocket') return bad('only an upgrade to websocket is served');
  if (key === undefined || !/^[+/0-9A-Za-z]{22}==$/.test(key)) return bad('sec-websocket-key is missing or broken');
  if (version !== '13' && version !== '8') return bad('sec-websocket-version must be 13');
  return undefined;
}

const withoutSlash = (path: string): string => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);

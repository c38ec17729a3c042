import type { EventEmitter } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf } from '@backplane/base';
import type { CallContext } from '@backplane/plugin-api';
import type { ForwardTarget, RouteDescription } from '@backplane/ports';
import type { Pool } from 'undici';
import { OwnAnswer } from './answer.ts';
import { CommittedAnswer } from './committed-answer.ts';
import { errors } from './errors.ts';
import type { Exchange, Upgrade } from './exchange.ts';

type Headers = Record<string, string | string[]>;

/** Connection by connection, so never passed on (RFC 9110, 7.6.1); `expect` has been answered by our own server. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** Sends requests on to a server on a Unix domain socket, and gives its answers to the onion. Bodies stream both ways. */
export class Forwarder {
  readonly upgrades: boolean;
  readonly routes: readonly RouteDescription[];
  readonly #plugin: string;
  readonly #target: ForwardTarget;
  #pool: Promise<Pool> | undefined;

  constructor(plugin: string, target: ForwardTarget) {
    this.#plugin = plugin;
    this.#target = target;
    this.upgrades = target.upgrades;
    this.routes = target.routes ?? [];
  }

  serve(exchange: Exchange): void {
    this.#pool ??= import('undici').then(
      // Time limits are those of the call: an event stream may be silent for hours.
      ({ Pool }) =>
        new Pool('http://plugin', { socketPath: this.#target.socketPath, headersTimeout: 0, bodyTimeout: 0 }),
    );
    this.#pool.then((pool) => this.#send(exchange, pool)).catch((thrown) => this.#failed(exchange, thrown));
  }

  /** Pipes an upgraded connection through; an answer that is no upgrade is an ordinary one. */
  serveUpgrade(exchange: Exchange, { socket, head }: Upgrade): void {
    const { request } = exchange;
    const upstream = httpRequest({
      socketPath: this.#target.socketPath,
      path: request.url ?? '/',
      method: exchange.method,
      headers: {
        ...endToEnd(request.headers),
        ...this.#carry(exchange.call, socket),
        connection: 'upgrade',
        upgrade: request.headers.upgrade ?? 'websocket',
      },
      agent: false,
    });
    const abort = () => upstream.destroy();
    socket.once('close', abort);
    upstream.on('error', (thrown) => this.#failed(exchange, thrown));
    upstream.on('response', (answer) => {
      exchange.offer(
        new OwnAnswer({ status: answer.statusCode ?? 502, headers: endToEnd(answer.headers), body: answer }),
      );
    });
    upstream.on('upgrade', (answer, upstreamSocket, upstreamHead) => {
      if (socket.destroyed || !exchange.open) {
        upstreamSocket.destroy();
        return;
      }
      exchange.upgraded(CommittedAnswer.switching());
      socket.write(headOf(answer));
      upstreamSocket.unshift(upstreamHead);
      socket.unshift(head);
      join(socket, upstreamSocket);
    });
    upstream.end();
  }

  /** The headers with which the call goes on over there, until the answer has ended. */
  #carry(call: CallContext, end: EventEmitter): Readonly<Record<string, string>> {
    const carried = this.#target.carry?.(call);
    if (carried === undefined) return {};
    end.once('close', () => carried.release());
    return carried.headers;
  }

  async close(): Promise<void> {
    await (await this.#pool)?.destroy();
  }

  async #send(exchange: Exchange, pool: Pool): Promise<void> {
    if (!exchange.open) return;
    const { request, call } = exchange;
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    const answer = await pool.request({
      path: request.url ?? '/',
      method: exchange.method as 'GET',
      headers: { ...endToEnd(request.headers), ...this.#carry(call, exchange.response) },
      body: length === undefined && encoding === undefined ? null : request,
      signal: call.signal,
    });
    const headers = endToEnd(answer.headers);
    exchange.offer(new OwnAnswer({ status: answer.statusCode, headers, body: answer.body }, true));
  }

  #failed(exchange: Exchange, thrown: unknown): void {
    const problem = messageOf(thrown);
    exchange.refuse(errors.BP_HTTP_FORWARD_FAILED({ plugin: this.#plugin, problem }, { cause: thrown }));
  }
}

/** The headers that concern both ends, without those that `connection` names. */
function endToEnd(headers: IncomingHttpHeaders | Record<string, string | string[] | undefined>): Headers {
  const kept: Headers = {};
  const named = typeof headers.connection === 'string' ? headers.connection.toLowerCase().split(/\s*,\s*/) : [];
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !HOP_BY_HOP.has(name) && !named.includes(name)) kept[name] = value;
  }
  return kept;
}

function headOf(answer: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  for (let i = 0; i < answer.rawHeaders.length; i += 2)
    lines.push(`${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Ties two sockets together: what comes in at one goes out at the other, and both end together. */
function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    from.once('error', () => to.destroy());
    from.once('close', () => to.destroy());
  }
}

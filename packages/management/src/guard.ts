import type { IncomingMessage } from 'node:http';
import { errors } from './errors.ts';

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface GuardOptions {
  /** True when the `authorization` header bears the token. Must take the same time for every wrong token. */
  readonly isAuthorized: (authorization: string | undefined) => boolean;
  /** Host names, without port, under which management is served besides those of loopback. */
  readonly allowedHosts: readonly string[];
  /** Asks nobody on this machine for the token. */
  readonly open?: boolean;
}

/** True for a connection from this machine. */
export function isLoopback(request: IncomingMessage): boolean {
  const address = request.socket.remoteAddress ?? '';
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}

/**
 * Lets a request for management pass, or refuses it: as `guardName` does, and by its token.
 * @throws BP_MANAGEMENT_FORBIDDEN_HOST, BP_MANAGEMENT_FORBIDDEN_ORIGIN, BP_MANAGEMENT_UNAUTHORIZED
 */
export function guard(request: IncomingMessage, path: string, options: GuardOptions): void {
  guardName(request, options);
  if (options.open === true && isLoopback(request)) return;
  const { authorization } = request.headers;
  if (!options.isAuthorized(authorization)) {
    throw errors.BP_MANAGEMENT_UNAUTHORIZED({ path, given: authorization !== undefined });
  }
}

/**
 * Checks the Host header, so that a web page cannot reach the host under a name of its own (DNS rebinding), and the Origin header, so that
 * none can use a visitor's browser.
 * @throws BP_MANAGEMENT_FORBIDDEN_HOST, BP_MANAGEMENT_FORBIDDEN_ORIGIN
 */
export function guardName(request: IncomingMessage, options: GuardOptions): void {
  const host = request.headers.host ?? '';
  // Node keeps the first of two, and whoever stands before the host may have looked at the other.
  if (request.rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === 'host').length > 1)
    throw errors.BP_MANAGEMENT_FORBIDDEN_HOST({ host: 'more than one name' });
  const name = hostName(host);
  if (!LOOPBACK_NAMES.has(name) && !options.allowedHosts.includes(name)) {
    throw errors.BP_MANAGEMENT_FORBIDDEN_HOST({ host });
  }
  const { origin } = request.headers;
  if (origin !== undefined && originHost(origin) !== host.toLowerCase()) {
    throw errors.BP_MANAGEMENT_FORBIDDEN_ORIGIN({ origin });
  }
}

function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '');
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

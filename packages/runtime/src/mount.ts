import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Gateway } from '@backplane/gateway';

/** How a host stands in a server of someone else's. */
export interface MountOptions {
  /** Where the host's paths begin, such as `/platform`; taken away before a plugin sees the path. */
  readonly prefix?: string;
  /** Called for what belongs to nobody here. */
  readonly next?: () => void;
}

/** The parts of a host that a server of someone else's calls. */
export function mountOf(gateway: Gateway) {
  const serves = (target: string, prefix = ''): boolean => {
    const inner = below(target, prefix);
    return inner !== undefined && gateway.owns(inner);
  };
  /** True where the host is to answer; the request then has its path below the prefix. */
  const takes = (request: IncomingMessage, { prefix = '', next }: MountOptions): boolean => {
    const target = request.url ?? '/';
    const inner = below(target, prefix);
    if (inner === undefined || (next !== undefined && !gateway.owns(inner))) return false;
    if (inner !== target) Object.assign(request, { url: inner, originalUrl: target });
    return true;
  };
  return {
    serves,
    handle(request: IncomingMessage, response: ServerResponse, options: MountOptions = {}): void {
      if (takes(request, options) || options.next === undefined) gateway.handler(request, response);
      else options.next();
    },
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, options: MountOptions = {}): void {
      if (takes(request, options) || options.next === undefined) gateway.upgrade(request, socket, head);
      else options.next();
    },
  };
}

/** The path without the prefix; `undefined` for one that does not lie below it. */
function below(target: string, prefix: string): string | undefined {
  const base = prefix.replace(/\/+$/, '');
  if (base === '') return target;
  if (!target.startsWith(base)) return undefined;
  const rest = target.slice(base.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : undefined;
}

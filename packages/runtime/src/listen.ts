import type { Gateway } from '@backplane/gateway';
import type { HostOptions } from './host-options.ts';

/** Opens the host's port, and gives its address; `undefined` for a host that is mounted into somebody's server. */
export async function listen(gateway: Gateway, where: HostOptions['listen']): Promise<string | undefined> {
  if (where === false) return undefined;
  const host = where?.host ?? '127.0.0.1';
  const address = await gateway.listen({ host, port: where?.port ?? 8080 });
  const port = typeof address === 'string' ? address : address.port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Host } from './host.ts';

export interface BackplaneFastifyOptions {
  /** Made with `listen: false`, and started. */
  readonly host: Host;
  /** Where the host's paths begin, such as `/platform`. At the root unless told; then the server's own routes come after those of the host. */
  readonly prefix?: string;
  /** Also take WebSocket upgrades that belong to plugins. Default true. */
  readonly upgrades?: boolean;
  /** Drain and stop the host when the server closes. Default true. */
  readonly stopHost?: boolean;
}

/**
 * Mounts a host into a Fastify server: `await app.register(backplane, { host })`. What belongs to a plugin or to the host's own pages is answered by the
 * host, before the server has read a byte of the body; everything else is the server's.
 */
export async function backplane(app: FastifyInstance, options: BackplaneFastifyOptions): Promise<void> {
  const { host, prefix = '', upgrades = true, stopHost = true } = options;
  app.addHook('onRequest', (request, reply, done) => {
    if (!host.serves(request.raw.url ?? '/', prefix)) return done();
    reply.hijack();
    host.handle(request.raw, reply.raw, { prefix });
  });
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (host.serves(request.url ?? '/', prefix)) host.handleUpgrade(request, socket, head, { prefix });
  };
  if (upgrades) app.server.on('upgrade', onUpgrade);
  // Before the server waits for its connections: streams are told to end.
  app.addHook('preClose', async () => {
    app.server.off('upgrade', onUpgrade);
    if (stopHost) await host.stop();
  });
}

// The hooks are for the whole server, not for a part of it.
Object.assign(backplane, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'backplane' });

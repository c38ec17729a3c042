import type { Socket as UdpSocket } from 'node:dgram';
import http from 'node:http';
import https from 'node:https';
import type { Server, Socket } from 'node:net';
import type { Made } from './made.ts';

/** A connection that was opened. One that the agent of the process keeps for its next request belongs to the process. */
export function madeSocket(socket: Socket): Made {
  const ref = new WeakRef(socket);
  let where: string | undefined;
  return {
    kind: 'socket',
    label() {
      where ??= placeOf(ref.deref());
      return where === undefined ? 'socket' : `socket to ${where}`;
    },
    state() {
      const it = ref.deref();
      if (it === undefined || it.destroyed || isSpare(it)) return 'gone';
      return it.writableEnded ? 'ending' : 'held';
    },
    reason: () => 'it is still open; destroy it (or the agent or pool that keeps it) in stop()',
  };
}

/** A server that was told to listen. */
export function madeServer(server: Server): Made {
  const ref = new WeakRef(server);
  const connections = () => (ref.deref() as { readonly _connections?: number } | undefined)?._connections ?? 0;
  const isListening = () => ref.deref()?.listening === true;
  return {
    kind: 'server',
    label() {
      const address = ref.deref()?.address();
      if (typeof address === 'string') return `server at ${address}`;
      return address ? `server at port ${address.port}` : 'server';
    },
    state() {
      if (isListening()) return 'held';
      return connections() > 0 ? 'ending' : 'gone';
    },
    reason: () =>
      isListening()
        ? 'it still listens; close it in stop()'
        : `it was closed, and ${connections()} of its connections are still open; end them in stop()`,
  };
}

export function madeUdpSocket(socket: UdpSocket): Made {
  const ref = new WeakRef(socket);
  const address = () => {
    try {
      return { port: ref.deref()?.address().port };
    } catch (error) {
      // One that is not bound yet has no address either; one that was closed says so.
      return (error as NodeJS.ErrnoException).code === 'ERR_SOCKET_DGRAM_NOT_RUNNING' ? undefined : {};
    }
  };
  return {
    kind: 'socket',
    label: () => `UDP socket${address()?.port ? ` at port ${address()?.port}` : ''}`,
    state: () => (ref.deref() === undefined || address() === undefined ? 'gone' : 'held'),
    reason: () => 'it is still open; close it in stop()',
  };
}

function placeOf(socket: Socket | undefined): string | undefined {
  if (socket?.remoteAddress !== undefined) return `${socket.remoteAddress}:${socket.remotePort}`;
  return socket?.connecting ? 'a peer it still looks for' : undefined;
}

function isSpare(socket: Socket): boolean {
  for (const { globalAgent } of [http, https])
    for (const spare of Object.values(globalAgent.freeSockets)) if (spare?.includes(socket)) return true;
  return false;
}

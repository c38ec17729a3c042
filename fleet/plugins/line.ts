import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ShipContext } from './ship.ts';

/** A connection to the director's quay, which says first whose it is and what for. */
export async function openLine(port: number, purpose: string, { plugin }: ShipContext): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.write(`${purpose} ${plugin.name} ${plugin.instance}\n`);
  return socket;
}

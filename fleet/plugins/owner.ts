import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** What versions hand to each other: the port, and who answers at it. */
interface Slot {
  readonly server: Server;
  answer: string;
}

/** Owns a port, which stays open while versions come and go. */
export const owner = (variant: Variant) =>
  ship(variant, {
    async board({ scope, plugin }) {
      const slot = await scope.resource('port', openSlot);
      // From the swap on, and again when a newer version that was tried has been taken back.
      scope.task('answer', async () => {
        slot.answer = `${variant.build} ${plugin.instance}\n`;
      });
      return {
        routes(app) {
          app.get('/port', async () => ({ port: (slot.server.address() as AddressInfo).port }));
        },
      };
    },
  });

async function openSlot() {
  const slot: Slot = { server: createServer((socket) => socket.on('error', () => {}).end(slot.answer)), answer: '' };
  slot.server.listen(0, '127.0.0.1');
  await once(slot.server, 'listening');
  return { value: slot, dispose: () => new Promise<void>((resolve) => slot.server.close(() => resolve())) };
}

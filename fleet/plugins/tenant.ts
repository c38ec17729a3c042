import { once } from 'node:events';
import { createServer } from 'node:net';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Binds a port of its own that nobody else can have at the same time: the version before has to stop first. */
export const tenant = (variant: Variant) =>
  ship(variant, {
    board({ scope, plugin }) {
      return {
        async start() {
          const answer = `${variant.build} ${plugin.instance}\n`;
          const server = createServer((socket) => socket.on('error', () => {}).end(answer));
          server.listen(Number(variant.options?.port), '127.0.0.1');
          await once(server, 'listening');
          scope.add('port', () => new Promise<void>((resolve) => server.close(() => resolve())));
        },
      };
    },
  });

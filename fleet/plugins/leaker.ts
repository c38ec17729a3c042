import { leave } from './leftovers.ts';
import { openLine } from './line.ts';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Gives nothing to its scope: each version leaves a timer, a socket and a listener. */
export const leaker = (variant: Variant) =>
  ship(variant, {
    board(context) {
      return {
        async start() {
          const timer = setInterval(() => {}, 60_000);
          const socket = await openLine(Number(variant.options?.quay), 'leak', context);
          const listen = () => {};
          process.on('fleet' as 'warning', listen);
          leave(context.plugin, 'intervals', () => clearInterval(timer));
          leave(context.plugin, 'sockets', () => socket.destroy());
          leave(context.plugin, 'listeners', () => process.off('fleet', listen));
        },
      };
    },
  });

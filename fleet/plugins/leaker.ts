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
          leave(
            { kind: 'intervals', take: () => clearInterval(timer) },
            { kind: 'sockets', take: () => socket.destroy() },
            { kind: 'listeners', take: () => process.off('fleet', listen) },
          );
        },
      };
    },
  });

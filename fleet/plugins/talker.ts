import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** WebSockets: says who it is, then echoes. */
export const talker = (variant: Variant) =>
  ship(variant, {
    board({ http, plugin }) {
      http.webSocket('/echo', (socket) => {
        socket.send(`${variant.build} ${plugin.instance}`);
        socket.on('message', (data, binary) => socket.send(data, { binary }));
      });
      return undefined;
    },
  });

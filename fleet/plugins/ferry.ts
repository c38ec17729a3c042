import { Readable } from 'node:stream';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Begins a stream that has no end, and does not listen when it is told that its time is over: it has to be cut off. */
export const ferry = (variant: Variant) =>
  ship(variant, {
    board: () => ({
      routes(app) {
        app.get('/crossing', async (_, reply) => {
          reply.type('application/octet-stream');
          const stream = new Readable({ read() {} });
          stream.push('ahoy');
          return stream;
        });
      },
    }),
  });

import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytePieces } from './bytes.ts';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

interface Asked {
  Querystring: { seed: string; length: string; piece: string; pause: string };
}

/** Sends bytes for as long as it is asked to; a stream goes on in the version that began it. */
export const streamer = (variant: Variant) =>
  ship(variant, {
    board: () => ({
      routes(app) {
        app.get<Asked>('/bytes', async ({ query, call }, reply) => {
          reply.type('application/octet-stream');
          const pieces = bytePieces(Number(query.seed), Number(query.length), Number(query.piece));
          return Readable.from(slowly(pieces, Number(query.pause), call.signal));
        });
      },
    }),
  });

async function* slowly(pieces: Iterable<Uint8Array>, pauseMs: number, ending: AbortSignal): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (ending.aborted) return;
    yield piece;
    if (pauseMs > 0) await sleep(pauseMs);
  }
}

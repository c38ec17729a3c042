import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Server-sent events, numbered within a connection, until the client or this version goes. */
export const broadcaster = (variant: Variant) =>
  ship(variant, {
    board: () => ({
      routes(app) {
        app.get<{ Querystring: { pause: string } }>('/events', async ({ query, call }, reply) => {
          reply.type('text/event-stream');
          const ending = AbortSignal.any([call.signal, call.draining]);
          return Readable.from(events(variant.build, Number(query.pause), ending));
        });
      },
    }),
  });

async function* events(build: number, pauseMs: number, ending: AbortSignal): AsyncGenerator<string> {
  for (let n = 1; !ending.aborted; n++) {
    yield `id: ${n}\ndata: ${build}\n\n`;
    await sleep(pauseMs, undefined, { signal: ending }).catch(() => {});
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Handles } from '@backplane/plugin-api';
import { type Beam, beam } from './beam.ts';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

interface Needed {
  readonly services: Handles<{ beam: ReturnType<typeof beam> }>;
}

/** Asks the lighthouse twice within one request, with a pause between. */
export const pilot = (variant: Variant) =>
  ship(variant, {
    needs: { beam: beam(variant.major) },
    board: (context) => ({
      routes(app) {
        app.get<{ Querystring: { pause: string } }>('/course', async ({ query }) => {
          const light: Beam = (context as unknown as Needed).services.beam;
          const first = await light.shine();
          await sleep(Number(query.pause));
          return { build: variant.build, first, second: await light.shine() };
        });
      },
    }),
  });

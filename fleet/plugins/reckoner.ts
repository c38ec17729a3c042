import { crc32 } from '@node-rs/crc32';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Works out checksums with a native add-on, which a process loads once and keeps. */
export const reckoner = (variant: Variant) =>
  ship(variant, {
    board: () => ({
      routes(app) {
        app.get<{ Querystring: { text: string } }>('/crc', async ({ query }) => ({ crc: crc32(query.text) }));
      },
    }),
  });

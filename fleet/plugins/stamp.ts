import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Middleware around every request of the host: marks the answer with its own build. */
export const stamp = (variant: Variant) =>
  ship(variant, {
    data: { kinds: ['middleware'], phase: 'middleware' },
    board({ http }) {
      http.middleware({
        name: 'stamp',
        onResponse(_request, response) {
          response.headers.set('x-stamp', String(variant.build));
        },
      });
      return undefined;
    },
  });

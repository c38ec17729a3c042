import { leave } from './leftovers.ts';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Changes what belongs to everybody: a prototype, a global. */
export const patcher = (variant: Variant) =>
  ship(variant, {
    board({ plugin }) {
      return {
        routes(app) {
          app.get('/patched', async () => ('' as unknown as { fleetMark: object }).fleetMark);
        },
        start() {
          // Another object each time: that the same version has patched again can be seen.
          const mark = { value: { mark: variant.build }, configurable: true, writable: true };
          Object.defineProperty(String.prototype, 'fleetMark', mark);
          Object.defineProperty(globalThis, `fleetPatch${variant.build}`, mark);
          leave(plugin, 'patches', () => Reflect.deleteProperty(globalThis, `fleetPatch${variant.build}`));
        },
      };
    },
  });

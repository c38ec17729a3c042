import { beam } from './beam.ts';
import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** Provides a service to the pilots. */
export const lighthouse = (variant: Variant) =>
  ship(variant, {
    data: { provides: [beam(variant.major)] },
    board({ provide, plugin }) {
      provide(beam(variant.major), { shine: async () => ({ build: variant.build, instance: plugin.instance }) });
      return undefined;
    },
  });

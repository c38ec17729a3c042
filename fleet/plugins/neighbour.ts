import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** The ordinary plugin, of which there are hundreds. */
export const neighbour = (variant: Variant) => ship(variant);

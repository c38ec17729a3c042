import { ship } from './ship.ts';
import type { Variant } from './variant.ts';

/** A neighbour that hands its counter over to its next version. */
export const heir = (variant: Variant) => ship(variant, { handsOver: true });

import type { MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** Ticks each second by a cron job; the quay hears it, and `oracle/ticks.ts` checks it. */
export const clockmaker: MemberKind = {
  name: 'clockmaker',
  options: ({ quay }) => ({ quay }),
  visit: askForReport,
};

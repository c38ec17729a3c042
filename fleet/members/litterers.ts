import { hail } from '../oracle/hail.ts';
import type { MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** Leaves a timer, a socket and a listener behind with each version. */
export const leaker: MemberKind = {
  name: 'leaker',
  isolable: false,
  leaves: ['timer', 'socket', 'listener'],
  options: ({ quay }) => ({ quay }),
  visit: askForReport,
};

/** Changes a prototype and a global with each version. */
export const patcher: MemberKind = {
  name: 'patcher',
  isolable: false,
  leaves: ['global'],
  async visit(world, member, random) {
    if (random.chance(0.6)) return askForReport(world, member, random);
    // Whoever started last has patched last, be it one that was taken back.
    await hail(world, member, {
      path: '/patched',
      fits: ({ status, body }) => (status === 200 && 'mark' in JSON.parse(body.toString()) ? undefined : 'not patched'),
    });
  },
};

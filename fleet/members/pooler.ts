import { hail } from '../oracle/hail.ts';
import { POOL_SIZE } from '../traffic/quay.ts';
import type { MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** Has sums done over a pool of connections, which is closed with the version that opened it. */
export const pooler: MemberKind = {
  name: 'pooler',
  options: ({ quay }) => ({ quay, max: POOL_SIZE }),
  async visit(world, member, random) {
    if (random.chance(0.4)) return askForReport(world, member, random);
    const ask = async () => {
      const n = random.int(1, 1e6);
      await hail(world, member, {
        path: `/doubled?n=${n}`,
        fits: ({ status, body }) => {
          if (status !== 200) return 'not 200';
          return body.toString() === JSON.stringify({ doubled: 2 * n }) ? undefined : `not ${2 * n}`;
        },
      });
    };
    // More at once than there are connections.
    await Promise.all(Array.from({ length: random.int(1, 7) }, ask));
  },
};

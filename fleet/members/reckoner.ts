import { crc32 } from 'node:zlib';
import { hail } from '../oracle/hail.ts';
import type { MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** Works out checksums with a native add-on; the director does so with Node's own. */
export const reckoner: MemberKind = {
  name: 'reckoner',
  async visit(world, member, random) {
    if (random.chance(0.4)) return askForReport(world, member, random);
    const text = `${random.int(0, 2 ** 31)}-${random.int(0, 2 ** 31)}`;
    await hail(world, member, {
      path: `/crc?text=${text}`,
      fits: ({ status, body }) => {
        if (status !== 200) return 'not 200';
        return body.toString() === JSON.stringify({ crc: crc32(text) }) ? undefined : `not ${crc32(text)}`;
      },
    });
  },
};

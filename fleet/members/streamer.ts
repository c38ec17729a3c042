import { createHash } from 'node:crypto';
import { noAnswer } from '../oracle/hail.ts';
import { openStream } from '../oracle/open-stream.ts';
import { bytePieces } from '../plugins/bytes.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { Member, MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** Sends streams of bytes. One that has begun comes to its end in the version that began it, whatever is replaced meanwhile. */
export const streamer: MemberKind = {
  name: 'streamer',
  limits: { drain: 60_000 },
  async visit(world, member, random) {
    if (random.chance(0.4)) await askForReport(world, member, random);
    else await readStream(world, member, random);
  },
};

/** A fourth version in the making ends the oldest that drains. */
const MOST_DRAINING = 3;

async function readStream(world: World, member: Member, random: Random): Promise<void> {
  const seed = random.int(1, 2 ** 31);
  const length = random.int(1, 400_000);
  const piece = random.int(1000, 64_000);
  const pause = random.chance(0.5) ? random.int(1, 100) : 0;
  const stream = await openStream(world, member, `/bytes?seed=${seed}&length=${length}&piece=${piece}&pause=${pause}`);
  if (stream === undefined) return;
  const { body, epoch, question } = stream;
  const got = createHash('sha256');
  let received = 0;
  try {
    for await (const chunk of body) {
      got.update(chunk);
      received += chunk.length;
    }
  } catch (error) {
    if (member.outlook.stretchesAfter(epoch) <= MOST_DRAINING) noAnswer(world, question, error);
    return;
  }
  const wanted = createHash('sha256');
  for (const bytes of bytePieces(seed, length, piece)) wanted.update(bytes);
  world.findings.expectEqual(`bytes of ${question.url}`, [length, wanted.digest('hex')], [received, got.digest('hex')]);
  world.figures.count('streams read to their end');
}

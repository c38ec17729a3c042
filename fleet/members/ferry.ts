import { noAnswer } from '../oracle/hail.ts';
import { openStream } from '../oracle/open-stream.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { Member, MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** Sends streams without an end: a version that is replaced is cut off at its drain limit, and not before. */
export const ferry: MemberKind = {
  name: 'ferry',
  limits: { drain: 700 },
  mayEndCalls: true,
  async visit(world, member, random) {
    if (random.chance(0.4)) await askForReport(world, member, random);
    else await cross(world, member, random);
  },
};

/** Goes along for a while, then leaves in the middle. */
async function cross(world: World, member: Member, random: Random): Promise<void> {
  const stream = await openStream(world, member, '/crossing');
  if (stream === undefined) return;
  const { body, epoch, question } = stream;
  let left = false;
  const timer = setTimeout(
    () => {
      left = true;
      body.destroy();
    },
    random.int(10, 2000),
  );
  try {
    for await (const _ of body);
    if (!left) world.findings.add(question.url, 'a stream without an end', 'it ended');
  } catch (error) {
    // Somebody else has come, and the time to finish is over.
    if (left) world.figures.count('streams left by the client');
    else if (member.outlook.stretchesAfter(epoch) > 0) world.figures.count('streams cut at the drain limit');
    else noAnswer(world, question, error);
  } finally {
    clearTimeout(timer);
  }
}

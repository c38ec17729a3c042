import type { Serving } from '../oracle/fitting.ts';
import { hail } from '../oracle/hail.ts';
import type { Report } from '../plugins/book.ts';
import type { Random } from '../random.ts';
import type { Answer } from '../traffic/client.ts';
import type { World } from '../world.ts';
import type { Member, MemberKind } from './member.ts';

/** The ordinary plugin. */
export const neighbour: MemberKind = { name: 'neighbour', visit: askForReport };

/** A neighbour whose counter goes on over its own reloads. */
export const heir: MemberKind = { name: 'heir', visit: askForReport, handsOver: true };

/** Asks for the report that every plugin gives, and enters it into the books. */
export async function askForReport(world: World, member: Member, random: Random): Promise<void> {
  const asked = random.int(1, 1000);
  // What other names code has that cannot be loaded, nobody knows.
  const alias = member.berth !== 'broken' && random.chance(0.2) ? random.pick(member.aliases) : undefined;
  const given = await hail(world, member, {
    path: `/?n=${asked}`,
    ...(alias && { alias }),
    fits: (answer, duty) => reportMisfit(world, member, asked, answer, duty),
  });
  if (given?.answer.status === 200) world.tally.answered(JSON.parse(given.answer.body.toString()) as Report);
}

function reportMisfit(world: World, member: Member, asked: number, answer: Answer, duty: Serving): string | undefined {
  if (answer.status !== 200) return `not 200`;
  const { pid, instance: _, base: __, count: ___, ...told } = JSON.parse(answer.body.toString()) as Report;
  const { version, build, factor, greeting, level } = duty;
  const wanted = { plugin: member.name, version, build, level, greeting, product: asked * factor };
  for (const [key, value] of Object.entries(wanted)) {
    if (told[key as keyof typeof wanted] !== value) return `${key} is not ${value}`;
  }
  if ((pid === world.host.pid) !== (level === 'inline')) return `${level}, but process ${pid}`;
  return undefined;
}

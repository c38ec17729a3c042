import type { Member } from '../members/member.ts';
import { askForReload } from '../traffic/management.ts';
import type { World } from '../world.ts';
import { restore } from './berthing.ts';
import { type OperationKind, serving } from './operation.ts';
import { replace } from './reload.ts';

const GREETINGS = ['ahoy', 'moin', 'land in sight', 'all hands on deck'];

/** The same code with another configuration takes over. */
export const configure: OperationKind = {
  name: 'configure',
  weight: 5,
  choose(members, random) {
    const member = random.pick(serving(members));
    const greeting = random.pick(GREETINGS) as string;
    return member && { members: [member], detail: { greeting } };
  },
  async carryOut(world, members, { greeting }) {
    for (const member of members) await replace(world, member, member.redraft({ greeting: String(greeting) }));
  },
};

const WRONG = ['greeting: ""', 'greeting: [1, 2]', 'greetings: ahoy', 'greeting: "unfinished'];

/** A configuration that its schema does not allow is refused whole. */
export const misconfigure: OperationKind = {
  name: 'misconfigure',
  weight: 4,
  choose(members, random) {
    const member = random.pick(serving(members));
    const lines = random.pick(WRONG) as string;
    return member && { members: [member], detail: { lines } };
  },
  async carryOut(world, members, { lines }) {
    for (const member of members) await refuse(world, member, String(lines));
  },
};

async function refuse(world: World, member: Member, lines: string): Promise<void> {
  world.harbour.configure(member, lines);
  const { status, failure, serving, text } = await askForReload(world, member.name);
  const now = member.current?.variant.version;
  if (status !== 409 || failure !== 'BP_CONFIG_INVALID' || serving !== now) {
    world.findings.add(`reload of ${member.name}`, `409, BP_CONFIG_INVALID, ${now} serves on`, `${status} ${text}`);
  }
  restore(world, member);
}

import type { Member } from '../members/member.ts';
import { askForReload } from '../traffic/management.ts';
import type { World } from '../world.ts';
import { announce, restore, write } from './berthing.ts';
import { MISHAP_NAMES, type Mishap, mishapOf } from './mishap.ts';
import { type OperationKind, oneServing } from './operation.ts';

/** A version that goes wrong before it serves: the one before goes on as if nothing had been, its counter with it. */
export const faultyReload: OperationKind = {
  name: 'faulty reload',
  weight: 24,
  choose(members, random) {
    const member = oneServing(members, random);
    const mishap = random.pick(MISHAP_NAMES) as string;
    return member && { members: [member], detail: { mishap } };
  },
  async carryOut(world, members, { mishap }) {
    for (const member of members) await fail(world, member, mishapOf(String(mishap)));
  },
};

async function fail(world: World, member: Member, { change, code, lives }: Mishap): Promise<void> {
  const { current, kind, outlook } = member;
  const tried = member.draft(change);
  write(world, member, tried);
  if (kind.replace === 'stop-first' && lives && current) {
    // It has started when it is asked how it is: whatever it opened answers until it is taken back.
    if (change.fault?.step === 'health') announce(member, tried);
    // What had to stop first is started again: the same version, as another instance.
    announce(member, current);
  }
  const { status, failure, serving, text } = await askForReload(world, member.name);
  outlook.settle();
  const now = current?.variant.version;
  if (status !== 409 || failure !== code || serving !== now) {
    world.findings.add(`reload of ${member.name}`, `409, ${code}, ${now} serves on`, `${status} ${text}`);
  }
  restore(world, member);
}

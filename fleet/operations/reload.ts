import type { Member, Version } from '../members/member.ts';
import { askForReload } from '../traffic/management.ts';
import type { World } from '../world.ts';
import { announce, settleServing, write } from './berthing.ts';
import { type OperationKind, oneServing } from './operation.ts';

/** A new version with other behaviour takes over. */
export const reload: OperationKind = {
  name: 'reload',
  weight: 30,
  choose(members, random) {
    const member = oneServing(members, random);
    return member && { members: [member] };
  },
  async carryOut(world, members) {
    for (const member of members) await replace(world, member, member.draft());
  },
};

/** Replaces a member that serves by a version that comes to serve, and asserts that it does. */
export async function replace(
  world: World,
  member: Member,
  version: Version,
  { handsOver = member.kind.handsOver ?? false } = {},
): Promise<void> {
  const { tally, findings } = world;
  if (handsOver) tally.inherits(member.name, member.outlook.latest.instance);
  write(world, member, version);
  announce(member, version);
  const { status, toVersion, text } = await askForReload(world, member.name);
  if (status !== 200 || toVersion !== version.variant.version) {
    findings.add(`reload of ${member.name}`, `200, to version ${version.variant.version}`, `${status} ${text}`);
  }
  settleServing(member, version);
}

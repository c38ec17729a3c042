import type { Member, Version } from '../members/member.ts';
import { askForReload } from '../traffic/management.ts';
import type { World } from '../world.ts';
import { announce, settleServing, write } from './berthing.ts';
import { type OperationKind, serving } from './operation.ts';
import { rescan } from './rescan.ts';

/** Plugins are taken out of the folder, several at once. */
export const remove: OperationKind = {
  name: 'remove',
  weight: 8,
  choose(members, random) {
    const leaving = random.some(
      serving(members).filter((member) => !isNeeded(member, members)),
      random.int(1, 5),
    );
    return leaving.length > 0 ? { members: leaving } : undefined;
  },
  carryOut: (world, members) => rescan(world, { away: members }),
};

/** Plugins that were away are put into the folder again, in a new version: several at once, or one by its name. */
export const add: OperationKind = {
  name: 'add',
  weight: 8,
  choose(members, random) {
    const away = members.filter(({ berth }) => berth === 'away');
    const coming = random.some(away, random.int(1, 5));
    return coming.length > 0 ? { members: coming } : undefined;
  },
  async carryOut(world, members) {
    const [only] = members;
    if (members.length === 1 && only) await addOne(world, only, only.draft());
    else await rescan(world, { coming: new Map(members.map((member) => [member, member.draft()])) });
  },
};

async function addOne(world: World, member: Member, version: Version): Promise<void> {
  write(world, member, version);
  announce(member, version);
  const { status, toVersion, text } = await askForReload(world, member.name);
  if (status !== 200 || toVersion !== version.variant.version) {
    world.findings.add(
      `reload of the new ${member.name}`,
      `200, version ${version.variant.version}`,
      `${status} ${text}`,
    );
  }
  settleServing(member, version);
}

/** Others cannot run without it. */
const isNeeded = ({ kind }: Member, members: readonly Member[]) =>
  members.some((other) => other.kind.dependsOn === kind.name);

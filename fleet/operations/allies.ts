import { dutyOf, type Member, type Version } from '../members/member.ts';
import { askForReload } from '../traffic/management.ts';
import type { World } from '../world.ts';
import { restore, settleServing, write } from './berthing.ts';
import { mishapOf } from './mishap.ts';
import type { OperationKind } from './operation.ts';
import { rescan } from './rescan.ts';

const provider = (members: readonly Member[]) => members.find(({ kind }) => kind.name === 'lighthouse') as Member;
const pilotsOf = (members: readonly Member[]) =>
  members.filter(({ kind, berth }) => kind.dependsOn === 'lighthouse' && berth === 'serving');
const allies = (members: readonly Member[]) => [provider(members), ...pilotsOf(members)];

/** A provider and all that need it are replaced by versions that can only live with each other: in one swap. */
export const together: OperationKind = {
  name: 'replace provider and dependents together',
  weight: 4,
  choose: (members) => ({ members: allies(members) }),
  async carryOut(world, members) {
    const major = nextMajor(world);
    await rescan(world, { changed: new Map(members.map((member) => [member, member.draft({ major })])) });
    // Those that are away come back for this lighthouse.
    for (const member of world.members) if (member.kind.dependsOn === 'lighthouse') member.major = major;
  },
};

/** One of them fails: all of them stay as they were, for none can live with what the others would be. */
export const togetherFailing: OperationKind = {
  name: 'replace provider and dependents, one of which fails',
  weight: 4,
  choose(members, random) {
    const failing = random.pick(allies(members)) as Member;
    return { members: allies(members), detail: { failing: failing.name, mishap: random.pick(FATAL) as string } };
  },
  async carryOut(world, members, { failing, mishap }) {
    const major = nextMajor(world);
    const { change } = mishapOf(String(mishap));
    for (const member of members) {
      write(world, member, member.draft({ major, ...(member.name === failing && change) }));
    }
    const { steps } = await world.host.ask('rescan');
    const outcomes = steps.filter(({ name }) => members.some((member) => member.name === name));
    const wanted = members.map(({ name }) => `${name} returned`).sort();
    world.findings.expectEqual(
      'steps of the rescan',
      wanted,
      outcomes.map(({ name, outcome }) => `${name} ${outcome}`).sort(),
    );
    for (const member of members) restore(world, member);
  },
};

const FATAL = ['initialize throws', 'routes hang', 'start throws', 'start hangs', 'health is bad'];

/** A provider alone becomes what its dependents cannot live with: that is refused, and nothing happens. */
export const breakAway: OperationKind = {
  name: 'break away from dependents',
  weight: 3,
  choose: (members) => (pilotsOf(members).length > 0 ? { members: [provider(members)] } : undefined),
  async carryOut(world, members) {
    for (const member of members) {
      write(world, member, member.draft({ major: nextMajor(world) }));
      const { status, failure, text } = await askForReload(world, member.name);
      if (status !== 409 || failure !== 'BP_CHANGE_BREAKS_DEPENDENTS') {
        world.findings.add(`reload of ${member.name}`, '409, BP_CHANGE_BREAKS_DEPENDENTS', `${status} ${text}`);
      }
      restore(world, member);
    }
  },
};

/** A provider is taken out: its dependents are stopped with that reason, and run again when it is back. */
export const strand: OperationKind = {
  name: 'take a provider away and bring it back',
  weight: 3,
  choose: (members) => ({ members: allies(members) }),
  async carryOut(world, members) {
    const [light, ...pilots] = members as [Member, ...Member[]];
    for (const { outlook, name } of pilots) {
      outlook.announce({ kind: 'down' });
      world.tally.disinherit(name);
    }
    const stopped = new Map(pilots.map(({ name }) => [name, 'remove applied']));
    await rescan(world, { away: [light], besides: stopped });
    for (const { outlook } of pilots) outlook.settle();
    const back = light.draft();
    for (const { outlook, current } of pilots) outlook.announce(dutyOf(current as Version));
    await rescan(world, {
      coming: new Map([[light, back]]),
      besides: new Map(pilots.map(({ name }) => [name, 'add applied'])),
    });
    for (const pilot of pilots) settleServing(pilot, pilot.current as Version);
  },
};

const nextMajor = ({ lighthouse }: World): number => (lighthouse.current?.variant.major ?? 0) + 1;

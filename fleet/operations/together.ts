import { askForReload } from '../traffic/management.ts';
import { announce, settleServing, write } from './berthing.ts';
import { type OperationKind, serving } from './operation.ts';
import { replace } from './reload.ts';

/** Several plugins are reloaded at the same moment. */
export const burst: OperationKind = {
  name: 'burst of reloads',
  weight: 5,
  choose(members, random) {
    return { members: random.some(serving(members), random.int(2, 6)) };
  },
  async carryOut(world, members) {
    await Promise.all(members.map((member) => replace(world, member, member.draft())));
  },
};

/** A plugin is changed again and reloaded again before the first reload has been answered. */
export const hurry: OperationKind = {
  name: 'reload on reload',
  weight: 4,
  choose(members, random) {
    const member = random.pick(serving(members).filter(({ kind }) => kind.replace === undefined));
    return member && { members: [member] };
  },
  async carryOut(world, members) {
    for (const member of members) {
      const versions = [member.draft(), member.draft()] as const;
      if (member.kind.handsOver) world.tally.inherits(member.name, member.outlook.latest.instance);
      const [first, second] = versions;
      // The first reload finds the one or the other on the disk, the second what it finds again.
      for (const version of [first, second, second]) announce(member, version);
      const answers = versions.map((version) => {
        write(world, member, version);
        return askForReload(world, member.name);
      });
      const texts = await Promise.all(answers.map(async (answer) => (await answer).text));
      const statuses = await Promise.all(answers.map(async (answer) => (await answer).status));
      if (statuses.some((status) => status !== 200)) {
        world.findings.add(`two reloads of ${member.name}`, '200 and 200', texts.join(' and '));
      }
      settleServing(member, second);
    }
  },
};

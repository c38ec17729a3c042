import { type OperationKind, serving } from './operation.ts';
import { replace } from './reload.ts';

/** Processes cost 30 MB each. */
const MOST_PROCESSES = 4;

/** A plugin moves into a process of its own, or back into the host's. */
export const move: OperationKind = {
  name: 'move',
  weight: 5,
  choose(members, random) {
    const movable = serving(members).filter(({ form, kind }) => form === 'folder' && kind.isolable !== false);
    const away = movable.filter(({ current }) => current?.level === 'process');
    const member = away.length < MOST_PROCESSES && random.chance(0.6) ? random.pick(movable) : random.pick(away);
    if (member === undefined) return undefined;
    return { members: [member], detail: { level: member.current?.level === 'process' ? 'inline' : 'process' } };
  },
  async carryOut(world, members, { level }) {
    for (const member of members) {
      await replace(world, member, member.redraft({ level: level === 'process' ? 'process' : 'inline' }));
    }
  },
};

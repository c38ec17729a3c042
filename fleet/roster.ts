import { Member, type MemberKind } from './members/member.ts';
import { heir, neighbour } from './members/neighbour.ts';
import { stamp } from './members/stamp.ts';
import { streamer } from './members/streamer.ts';

/** Everybody there is, by name. The same number of neighbours gives the same list. */
export function makeRoster(neighbours: number): Member[] {
  const members = Array.from({ length: neighbours }, (_, i) => makeNeighbour(i + 1));
  for (const kind of SPECIAL) members.push(new Member(kind.name, kind, 'folder'));
  return members;
}

const SPECIAL: readonly MemberKind[] = [stamp, streamer];

/** Files and folders, some with a second name, some that hand over. */
function makeNeighbour(n: number): Member {
  const number = String(n).padStart(3, '0');
  const kind = n % 3 === 0 ? heir : neighbour;
  const aliases = n % 5 === 0 ? [`berth-${number}`] : [];
  return new Member(`${kind.name}-${number}`, kind, n % 2 === 0 ? 'folder' : 'file', aliases);
}

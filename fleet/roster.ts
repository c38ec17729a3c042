import { lighthouse, pilot } from './members/allies.ts';
import { broadcaster } from './members/broadcaster.ts';
import { clockmaker } from './members/clockmaker.ts';
import { ferry } from './members/ferry.ts';
import { filer } from './members/filer.ts';
import { limiter } from './members/limiter.ts';
import { leaker, patcher } from './members/litterers.ts';
import { Member, type MemberKind, type Places } from './members/member.ts';
import { heir, neighbour } from './members/neighbour.ts';
import { pooler } from './members/pooler.ts';
import { owner, tenant } from './members/ports.ts';
import { reckoner } from './members/reckoner.ts';
import { stamp } from './members/stamp.ts';
import { streamer } from './members/streamer.ts';
import { talker } from './members/talker.ts';
import { uploader } from './members/uploader.ts';

/** Those of whom there is one each. */
const SPECIAL: readonly MemberKind[] = [
  stamp,
  streamer,
  ferry,
  broadcaster,
  talker,
  uploader,
  filer,
  limiter,
  pooler,
  clockmaker,
  reckoner,
  owner,
  tenant,
  leaker,
  patcher,
  lighthouse,
];
const PILOTS = 3;

/** Everybody there is. The same number of neighbours gives the same list. */
export function makeRoster(neighbours: number, places: Places): Member[] {
  const members = Array.from({ length: neighbours }, (_, i) => makeNeighbour(i + 1, places));
  for (const kind of SPECIAL) members.push(new Member(kind.name, kind, 'folder', places));
  for (let n = 1; n <= PILOTS; n++) members.push(new Member(`pilot-${n}`, pilot, 'folder', places));
  return members;
}

/** Files and folders, some with a second name, some that hand over. */
function makeNeighbour(n: number, places: Places): Member {
  const number = String(n).padStart(3, '0');
  const kind = n % 3 === 0 ? heir : neighbour;
  const aliases = n % 5 === 0 ? [`berth-${number}`] : [];
  return new Member(`${kind.name}-${number}`, kind, n % 2 === 0 ? 'folder' : 'file', places, aliases);
}

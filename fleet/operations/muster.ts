import type { Member } from '../members/member.ts';
import type { World } from '../world.ts';
import { bringUp } from './broken.ts';
import { rescan } from './rescan.ts';

/** Puts everybody back who is away, so that what the host holds can be compared from one checkpoint to the next. */
export async function muster(world: World): Promise<void> {
  const away = world.members.filter(({ berth }) => berth === 'away');
  await rescan(world, { coming: new Map(away.map((member) => [member, member.draft()])) });
  for (const member of world.members.filter(({ berth }) => berth === 'broken')) await bringUp(world, member);
}

/** So many receipts at a time as the host keeps. */
const AT_ONCE = 80;

/** Takes everybody out, so that the host must hold again what it held before the first came. */
export async function disband(world: World): Promise<void> {
  const left: Member[] = world.members.filter(({ berth }) => berth !== 'away');
  while (left.length > 0) {
    await rescan(world, { away: left.splice(0, AT_ONCE) });
    world.receipts.read((await world.host.ask('receipts')) ?? []);
  }
}

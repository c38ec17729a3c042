import type { Member } from '../members/member.ts';
import type { FaultyStep, FaultyWay } from '../plugins/variant.ts';
import { askForReload } from '../traffic/management.ts';
import type { World } from '../world.ts';
import { restore, write } from './berthing.ts';
import { type OperationKind, serving } from './operation.ts';
import { replace } from './reload.ts';

interface BadEnd {
  readonly step: FaultyStep;
  readonly way: FaultyWay;
  /** With which code the first reload is refused; `undefined` where it takes its place, whatever the receipt says then. */
  readonly refused?: string;
}

const ENDS: Readonly<Record<string, BadEnd>> = {
  'stop throws': { step: 'stop', way: 'throw' },
  'stop hangs': { step: 'stop', way: 'hang' },
  'stop rejects late': { step: 'stop', way: 'late' },
  'dispose throws': { step: 'dispose', way: 'throw' },
  'dispose hangs': { step: 'dispose', way: 'hang' },
  'dispose rejects late': { step: 'dispose', way: 'late' },
  'hand-over hangs': { step: 'hand-over', way: 'hang' },
  'hand-over throws': { step: 'hand-over', way: 'throw', refused: 'BP_HANDOVER_FAILED' },
  'hand-over gives a function': { step: 'hand-over', way: 'uncloneable', refused: 'BP_HANDOVER_NOT_CLONEABLE' },
};
const NAMES = Object.keys(ENDS);
/** Milliseconds for what hangs. */
const SHORT_MS = 300;

/** A version that serves well and ends badly: whoever comes after it serves all the same, and the receipt tells what was wrong. */
export const badEnd: OperationKind = {
  name: 'bad end',
  weight: 7,
  choose(members, random) {
    const plain = serving(members).filter(({ kind }) => kind.replace === undefined && kind.leaves === undefined);
    const member = random.pick(
      plain.filter(({ kind }) => !members.some((other) => other.kind.dependsOn === kind.name)),
    );
    const end = random.pick(NAMES) as string;
    return member && { members: [member], detail: { end } };
  },
  async carryOut(world, members, { end }) {
    const { step, way, refused } = ENDS[String(end)] as BadEnd;
    for (const member of members) {
      const limits = way === 'throw' || way === 'uncloneable' ? {} : { limits: { stop: SHORT_MS } };
      await replace(world, member, member.draft({ fault: { step, way }, ...limits }));
      if (step === 'hand-over') world.tally.disinherit(member.name);
      if (refused !== undefined) await askInVain(world, member, refused);
      await replace(world, member, member.draft(), step === 'hand-over' ? { handsOver: false } : {});
    }
  },
};

/** It lets nobody take its place the first time, and serves on. */
async function askInVain(world: World, member: Member, code: string): Promise<void> {
  write(world, member, member.draft());
  const { status, failure, serving, text } = await askForReload(world, member.name);
  const now = member.current?.variant.version;
  if (status !== 409 || failure !== code || serving !== now) {
    world.findings.add(`reload of ${member.name}`, `409, ${code}, ${now} serves on`, `${status} ${text}`);
  }
  restore(world, member);
}

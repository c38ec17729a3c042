import type { StepReport } from '@backplane/ports';
import type { Member, Version } from '../members/member.ts';
import type { World } from '../world.ts';
import { announce, settleServing, write } from './berthing.ts';

/** What is different in the plugin folders when the host looks again. */
export interface FolderChange {
  readonly coming?: ReadonlyMap<Member, Version>;
  readonly away?: readonly Member[];
  /** New versions in place of those that serve. */
  readonly changed?: ReadonlyMap<Member, Version>;
  /** What happens to others because of it, by name, as `action outcome`. */
  readonly besides?: ReadonlyMap<string, string>;
}

/** Changes the folders, has the host look again, and asserts that it did just that, and left everybody else alone. */
export async function rescan(world: World, change: FolderChange): Promise<void> {
  const { coming = new Map(), away = [], changed = new Map(), besides = new Map() } = change;
  const wanted = new Map<string, string>(besides);
  for (const [member, version] of [...coming, ...changed]) {
    if (member.kind.handsOver && member.berth === 'serving') {
      world.tally.inherits(member.name, member.outlook.latest.instance);
    }
    write(world, member, version);
    announce(member, version);
    wanted.set(member.name, `${coming.has(member) ? 'add' : 'replace'} applied`);
  }
  for (const member of away) {
    world.harbour.remove(member);
    member.outlook.announce({ kind: 'absent' });
    if (member.berth === 'serving') wanted.set(member.name, 'remove applied');
  }
  const { steps } = await world.host.ask('rescan');
  const broken = new Set(world.members.filter(({ berth }) => berth === 'broken').map(({ name }) => name));
  // Who runs on after a change that was taken back is told as kept.
  const moved = steps.filter(({ action }) => action !== 'keep');
  const done = new Map(moved.filter(({ name }) => wanted.has(name) || !broken.has(name)).map(lineOf));
  world.findings.expectEqual('steps of the rescan', sorted(wanted), sorted(done));
  for (const [member, version] of [...coming, ...changed]) settleServing(member, version);
  for (const member of away) {
    member.outlook.settle();
    member.berth = 'away';
    member.current = undefined;
    world.tally.disinherit(member.name);
  }
}

const lineOf = ({ name, action, outcome, failure }: StepReport): [string, string] => [
  name,
  `${action} ${outcome}${failure === undefined ? '' : `: ${failure.message}`}`,
];
const sorted = (lines: ReadonlyMap<string, string>) => [...lines].sort(([a], [b]) => (a < b ? -1 : 1));

import { isRare, type Member } from '../members/member.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

/** What is particular to one operation: plain data, so that it can be written down and done again. */
export type Detail = Readonly<Record<string, string | number | boolean>>;

/** One thing that the director does. The list of them is what a run can be repeated from. */
export interface Operation {
  readonly kind: string;
  readonly members: readonly string[];
  readonly detail: Detail;
}

/** A choice of whom to do it to and how; `undefined` where the fleet as it is has nobody for it. */
export type Choice = { readonly members: readonly Member[]; readonly detail?: Detail } | undefined;

/** One sort of operation. */
export interface OperationKind {
  readonly name: string;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** Chooses by nothing but the state of the fleet and chance, so that the same seed chooses the same. */
  choose(members: readonly Member[], random: Random): Choice;
  /** Does it, and asserts what becomes of it. */
  carryOut(world: World, members: readonly Member[], detail: Detail): Promise<void>;
}

/** Those that serve, and are nobody's provider or dependent unless asked for. */
export const serving = (members: readonly Member[]): Member[] => members.filter(({ berth }) => berth === 'serving');

/** One that serves: of those of whom there are few as often as of all others. */
export function oneServing(members: readonly Member[], random: Random): Member | undefined {
  const all = serving(members);
  return random.pick(random.chance(0.5) ? all.filter(isRare) : all);
}

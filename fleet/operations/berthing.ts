import { dutyOf, type Member, type Version } from '../members/member.ts';
import type { World } from '../world.ts';

/** Puts a version on the disk, and tells those who check receipts what it was made for. */
export function write({ harbour, receipts }: World, member: Member, version: Version): void {
  const { variant } = version;
  receipts.expect(member.name, variant.version, {
    fault: variant.fault,
    mayEndCalls: member.kind.mayEndCalls ?? false,
    leaves: member.kind.leaves ?? [],
  });
  harbour.write(member, version);
}

/** What is on the disk serves from here on. */
export function settleServing(member: Member, version: Version): void {
  member.outlook.settle();
  member.berth = 'serving';
  member.current = version;
  member.crashes = 0;
  member.major = version.variant.major;
}

/** The file of a version that did not come to serve is replaced by that of the version that does. */
export function restore({ harbour }: World, member: Member): void {
  if (member.current) harbour.write(member, member.current);
}

/** Says what is to come, before it is asked for. */
export const announce = (member: Member, version: Version): void => member.outlook.announce(dutyOf(version));

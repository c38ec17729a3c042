import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from '../members/member.ts';
import { askForReload } from '../traffic/management.ts';
import type { World } from '../world.ts';
import { announce, settleServing, write } from './berthing.ts';
import { MISHAP_NAMES, mishapOf } from './mishap.ts';
import type { OperationKind } from './operation.ts';

/** A plugin that is new goes wrong: nothing serves in its place, and requests to it are refused with the reason. */
export const addBroken: OperationKind = {
  name: 'add a broken one',
  weight: 4,
  choose(members, random) {
    const away = members.filter(({ berth, kind }) => berth === 'away' && kind.dependsOn === undefined);
    const member = random.pick(away);
    const mishap = random.pick(MISHAP_NAMES) as string;
    return member && { members: [member], detail: { mishap } };
  },
  async carryOut(world, members, { mishap }) {
    for (const member of members) {
      const { change, code } = mishapOf(String(mishap));
      const version = member.draft(change);
      write(world, member, version);
      member.outlook.announce({ kind: 'down' });
      const { status, failure, serving, text } = await askForReload(world, member.name);
      if (status !== 409 || failure !== code || serving !== undefined) {
        world.findings.add(`reload of the new ${member.name}`, `409, ${code}, nothing serves`, `${status} ${text}`);
      }
      member.outlook.settle();
      member.berth = 'broken';
      member.current = version;
    }
  },
};

/** The mended file of a plugin that is down is reloaded, and serves. */
export const mend: OperationKind = {
  name: 'mend',
  weight: 8,
  choose(members, random) {
    const member = random.pick(members.filter(({ berth }) => berth === 'broken'));
    return member && { members: [member] };
  },
  async carryOut(world, members) {
    for (const member of members) await bringUp(world, member);
  },
};

/** Writes a sound version of a plugin that does not run, reloads it, and asserts that it serves. */
export async function bringUp(world: World, member: Member): Promise<void> {
  const version = member.draft();
  write(world, member, version);
  announce(member, version);
  const { status, toVersion, text } = await askForReload(world, member.name);
  if (status !== 200 || toVersion !== version.variant.version) {
    world.findings.add(`reload of ${member.name}`, `200, version ${version.variant.version}`, `${status} ${text}`);
  }
  settleServing(member, version);
}

const QUARANTINE_LIMIT_MS = 60_000;

/** A version that fails at each start is tried five times, and then left alone until somebody mends it. */
export const quarantine: OperationKind = {
  name: 'quarantine',
  weight: 1,
  choose(members, random) {
    const member = random.pick(members.filter(({ berth, kind }) => berth === 'away' && kind.dependsOn === undefined));
    return member && { members: [member] };
  },
  async carryOut(world, members, detail) {
    await addBroken.carryOut(world, members, { ...detail, mishap: 'start throws' });
    for (const member of members) {
      const phase = await phaseAfter(world, member, QUARANTINE_LIMIT_MS);
      if (phase !== 'quarantined') world.findings.add(`state of ${member.name}`, 'quarantined', String(phase));
      await bringUp(world, member);
    }
  },
};

/** The phase it comes to rest in. */
async function phaseAfter({ host }: World, { name }: Member, limitMs: number): Promise<string | undefined> {
  let phase: string | undefined;
  for (const end = performance.now() + limitMs; performance.now() < end; await sleep(50)) {
    phase = (await host.ask('states')).find((plugin) => plugin.name === name)?.phase;
    if (phase === 'quarantined') break;
  }
  return phase;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { dutyOf, type Member, type Version } from '../members/member.ts';
import { beginQuestion, judge } from '../oracle/hail.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { type Choice, type OperationKind, serving } from './operation.ts';

/** The fifth crash since somebody reloaded it would quarantine a plugin; this is left to its own operation. */
const MOST_CRASHES = 3;
/** How long a plugin that has crashed may take until it runs again: its pause is at most 2 s. */
const RETURN_LIMIT_MS = 60_000;

const healthy = (members: readonly Member[]) => serving(members).filter(({ crashes }) => crashes < MOST_CRASHES);
const isolated = (members: readonly Member[]) => members.filter(({ current }) => current?.level === 'process');
const one = (random: Random, members: readonly Member[]): Choice => {
  const member = random.pick(members);
  return member && { members: [member] };
};

/** A plugin says that it cannot go on: it is taken out, and runs again by itself. */
export const failing: OperationKind = {
  name: 'fail at run time',
  weight: 5,
  // What a version leaves belongs to its code, which goes on here: the receipt of a later instance tells of it, together with that one's own.
  choose: (members, random) =>
    one(
      random,
      healthy(members).filter(({ kind }) => kind.leaves === undefined),
    ),
  carryOut: (world, members) => crashAndReturn(world, members, 'fail'),
};

/** The process of a plugin is killed: its requests break off, the plugin runs again by itself, and nobody else notices. */
export const killing: OperationKind = {
  name: 'kill the process',
  weight: 5,
  choose: (members, random) => one(random, isolated(healthy(members))),
  carryOut: (world, members) => crashAndReturn(world, members, 'crash'),
};

/** A promise is rejected and nobody looks: the host goes on; a plugin in a process of its own does, too. */
export const rejecting: OperationKind = {
  name: 'unhandled rejection',
  weight: 4,
  choose: (members, random) => one(random, serving(members)),
  async carryOut(world, members) {
    for (const member of members) await tell(world, member, 'reject');
  },
};

async function crashAndReturn(world: World, members: readonly Member[], how: 'fail' | 'crash'): Promise<void> {
  for (const member of members) {
    const fallen = await expectFall(world, member);
    if (how === 'crash') member.outlook.markDying();
    for (const each of fallen.keys()) each.outlook.announce({ kind: 'down' }, dutyOf(each.current as Version));
    member.crashes++;
    await tell(world, member, how);
    await untilBack(world, fallen);
  }
}

/** Who goes down with it, and as which instance each serves now: what comes back is the same version. */
async function expectFall(world: World, member: Member): Promise<Map<Member, number>> {
  const fallen = new Map<Member, number>();
  const affected = [member, ...world.members.filter(({ kind }) => kind.dependsOn === member.kind.name)];
  const status = await world.host.ask('states');
  for (const each of affected) {
    const instance = status.find(({ name }) => name === each.name)?.instance;
    if (each.berth !== 'serving' || instance === undefined) continue;
    each.outlook.latest.instance ??= instance;
    world.tally.disinherit(each.name);
    fallen.set(each, instance);
  }
  return fallen;
}

/** Asks the plugin to get into trouble. Where its process goes with the answer, nothing may come. */
async function tell(world: World, member: Member, how: 'fail' | 'crash' | 'reject'): Promise<void> {
  const question = beginQuestion(world, member, `/trouble/${how}`);
  try {
    const answer = await world.client.ask(question.url, { method: 'POST' });
    if (how !== 'crash') judge(world, question, answer, ({ status }) => (status === 200 ? undefined : 'not 200'));
  } catch (error) {
    if (how !== 'crash') world.findings.add(question.url, 'an answer', String(error));
  }
}

/** Asks the host, not the plugins, when they run again; then they have to answer. */
async function untilBack(world: World, fallen: Map<Member, number>): Promise<void> {
  const deadline = performance.now() + RETURN_LIMIT_MS;
  const waiting = new Map([...fallen].map(([member, instance]) => [member.name, { member, instance }]));
  while (waiting.size > 0 && performance.now() < deadline) {
    await sleep(30);
    for (const { name, phase, instance = 0 } of await world.host.ask('states')) {
      const one = waiting.get(name);
      if (one === undefined || phase !== 'running' || instance <= one.instance) continue;
      one.member.outlook.settle();
      waiting.delete(name);
    }
  }
  if (waiting.size === 0) return;
  const states = (await world.host.ask('states')).filter(({ name }) => waiting.has(name));
  const got = JSON.stringify(states.map(({ name, phase, reason, instance }) => ({ name, phase, reason, instance })));
  world.findings.add('plugins that crashed', `all run again within ${RETURN_LIMIT_MS} ms`, got);
}

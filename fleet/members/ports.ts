import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { hail } from '../oracle/hail.ts';
import type { Passage } from '../oracle/outlook.ts';
import type { World } from '../world.ts';
import type { Member, MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** Owns a port as a resource of its scope: while versions come and go it is never refused. */
export const owner: MemberKind = {
  name: 'owner',
  isolable: false,
  async visit(world, member, random) {
    if (random.chance(0.4)) return askForReport(world, member, random);
    const heard = await hail(world, member, {
      path: '/port',
      fits: ({ status }) => (status === 200 ? undefined : 'not 200'),
    });
    if (heard?.answer.status !== 200) return;
    const { port } = JSON.parse(heard.answer.body.toString()) as { port: number };
    const passage = member.outlook.embark();
    // With a version that did not take over from the one before, another port.
    const gone = () =>
      member.outlook.latest !== heard.epoch && passage.possible.some(({ duty }) => duty.kind !== 'serves');
    await knock(world, member, port, passage, gone);
  },
};

/** Binds a port that must be free: the version before stops first, and for so long the port may be refused. */
export const tenant: MemberKind = {
  name: 'tenant',
  replace: 'stop-first',
  options: ({ freePort }) => ({ port: freePort }),
  async visit(world, member, random) {
    if (random.chance(0.4)) return askForReport(world, member, random);
    const passage = member.outlook.embark();
    // Whoever has left closes its port when its last call has gone, and its process ends.
    if (passage.possible.every(({ duty }) => duty.kind === 'absent')) return;
    const port = Number(member.options?.port);
    const changing = () => passage.possible.length > 1 || passage.possible.some(({ duty }) => duty.kind !== 'serves');
    await knock(world, member, port, passage, changing);
  },
};

/** Connects, and holds what is said there against who may say it. */
async function knock(
  world: World,
  member: Member,
  port: number,
  passage: Passage,
  mayBeRefused: () => boolean,
): Promise<void> {
  const where = `port ${port} of ${member.name}`;
  const socket = connect(port, '127.0.0.1');
  let said: string;
  try {
    await once(socket, 'connect');
    said = await text(socket);
  } catch (error) {
    if (!mayBeRefused()) world.findings.add(where, 'an open port', String(error));
    return;
  } finally {
    socket.destroy();
  }
  world.figures.count(`answers at the port of the ${member.name}`);
  const [build] = said.split(' ');
  const epoch = passage.possible.find(({ duty }) => duty.kind === 'serves' && String(duty.build) === build);
  if (epoch === undefined && !(said === '' && mayBeRefused())) {
    world.findings.add(
      where,
      passage.possible.map(({ duty }) => JSON.stringify(duty)).join(' or '),
      JSON.stringify(said),
    );
  }
}

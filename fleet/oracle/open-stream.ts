import type { Readable } from 'node:stream';
import type { Member } from '../members/member.ts';
import type { World } from '../world.ts';
import { beginQuestion, judge, noAnswer, type Question } from './hail.ts';
import type { Epoch } from './outlook.ts';

/** A body that is on its way, and who sends it. */
export interface OpenStream {
  readonly question: Question;
  readonly epoch: Epoch;
  readonly body: Readable;
}

const NOTHING = Buffer.alloc(0);

/** Asks for something long: the head is held against everything that may answer. `undefined` when it was refused, as it may be. */
export async function openStream(world: World, member: Member, path: string): Promise<OpenStream | undefined> {
  const question = beginQuestion(world, member, path);
  const began = performance.now();
  try {
    const { statusCode: status, headers, body } = await world.client.open(question.url);
    const refused = status !== 200;
    const bytes = refused ? Buffer.from(await body.arrayBuffer()) : NOTHING;
    const answer = { method: 'GET', status, headers, body: bytes, tookMs: performance.now() - began };
    const heard = judge(world, question, answer, () => (refused ? 'not 200' : undefined));
    if (refused) return undefined;
    if (heard) return { question, epoch: heard.epoch, body };
    body.on('error', () => {});
    body.destroy();
  } catch (error) {
    noAnswer(world, question, error);
  }
  return undefined;
}

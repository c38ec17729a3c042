import type { Member } from '../members/member.ts';
import type { Answer, Ask } from '../traffic/client.ts';
import type { World } from '../world.ts';
import { type Fits, fittingEpoch } from './fitting.ts';
import type { Epoch, Passage } from './outlook.ts';

/** What a question is and how its answer has to look when the plugin serves. */
export interface Hail extends Ask {
  /** Below the plugin's mount. */
  readonly path: string;
  /** Under one of the plugin's other names. */
  readonly alias?: string;
  readonly fits: Fits;
}

export interface Heard {
  readonly answer: Answer;
  /** The stretch of the plugin's life that gave it. */
  readonly epoch: Epoch;
}

/** A question that is under way, and all that may answer it. */
export interface Question {
  readonly member: Member;
  readonly url: string;
  readonly passage: Passage;
  /** Of the middleware that marks every answer. */
  readonly stamped: Passage;
}

/** Asks a plugin, and holds the answer against everything that may answer. `undefined` when it is none of it, or broke off as it may. */
export async function hail(
  world: World,
  member: Member,
  { path, alias, fits, ...ask }: Hail,
): Promise<Heard | undefined> {
  const question = beginQuestion(world, member, path, alias);
  try {
    return judge(world, question, await world.client.ask(question.url, ask), fits);
  } catch (error) {
    noAnswer(world, question, error);
    return undefined;
  }
}

/** From here on the plugin may be replaced, and both versions may answer. */
export function beginQuestion(world: World, member: Member, path: string, alias?: string): Question {
  const url = `/${alias ?? member.name}${path}`;
  return { member, url, passage: member.outlook.embark(), stamped: world.stamp.outlook.embark() };
}

/** Nothing came, or not all of it: a finding, unless a process took it with it. */
export function noAnswer(world: World, question: Question, error: unknown): void {
  if (!brokeWithItsProcess(world, question))
    unfit(world, question.url, question.passage, `no answer: ${String(error)}`);
}

/** Finds out whose answer it is. None's is a finding. */
export function judge(world: World, question: Question, answer: Answer, fits: Fits): Heard | undefined {
  const { member, passage, url } = question;
  checkStamp(world, question, answer);
  if (answer.status === 502 && brokeWithItsProcess(world, question)) return undefined;
  const found = fittingEpoch(passage.possible, answer, fits);
  if ('epoch' in found) {
    passage.answeredBy(found.epoch);
    world.figures.answered(member.kind.name, answer);
    return { answer, epoch: found.epoch };
  }
  unfit(world, url, passage, `${answer.status} ${answer.body.toString().slice(0, 600)} (${found.why.join('; ')})`);
  return undefined;
}

/** A request may go down with the process that it is in, and only then. */
function brokeWithItsProcess(world: World, { member, passage }: Question): boolean {
  const dying = passage.possible.find(({ duty }) => duty.kind === 'serves' && duty.dying === true);
  if (dying === undefined) return false;
  world.tally.lost(member.name, dying.instance);
  world.figures.count('broken off with their process');
  return true;
}

/** Every answer of the host passes the middleware that marks it. */
function checkStamp(world: World, { url, stamped }: Question, { headers }: Answer): void {
  const { 'x-stamp': stamp } = headers;
  const fitting = stamped.possible.find(({ duty }) =>
    duty.kind === 'serves' ? stamp === String(duty.build) : stamp === undefined,
  );
  if (fitting) stamped.answeredBy(fitting);
  else unfit(world, `the stamp on ${url}`, stamped, String(stamp));
}

function unfit(world: World, where: string, { possible }: Passage, got: string): void {
  const expected = possible.map(({ duty, instance }) => JSON.stringify({ ...duty, instance })).join(' or ');
  world.findings.add(where, expected, got);
}

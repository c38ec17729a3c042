import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { beginQuestion, judge, noAnswer, type Question } from '../oracle/hail.ts';
import type { Epoch } from '../oracle/outlook.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { Member, MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** Echoes over WebSockets. When it is replaced they are closed with 1012, and whoever comes again speaks with the new version. */
export const talker: MemberKind = {
  name: 'talker',
  async visit(world, member, random) {
    if (random.chance(0.5)) await askForReport(world, member, random);
    else await converse(world, member, random);
  },
};

const NORMAL = 1000;
const SERVICE_RESTART = 1012;
/** The process of the plugin went, and the connection with it. */
const BROKEN_OFF = 1006;

async function converse(world: World, member: Member, random: Random): Promise<void> {
  const question = beginQuestion(world, member, '/echo');
  const socket = new WebSocket(`${world.host.url.replace('http', 'ws')}${question.url}`);
  socket.on('error', () => {});
  const closed = once(socket, 'close') as Promise<[number, Buffer]>;
  const messages = messagesOf(socket);
  const refused = new Promise<IncomingMessage>((resolve) =>
    socket.once('unexpected-response', (_, answer) => resolve(answer)),
  );
  const first = await Promise.race([messages.next(), refused]);
  if (!('value' in first)) return judgeRefusal(world, question, first);
  const epoch = epochOf(world, question, first.value);
  let said = 0;
  const wanted = random.int(0, 30);
  while (epoch !== undefined && said < wanted && socket.readyState === WebSocket.OPEN) {
    const text = `${random.int(0, 1e9)}`.repeat(random.int(1, 400));
    socket.send(text);
    const { value } = await messages.next();
    if (value === undefined) break;
    world.findings.expectEqual(`echo of ${question.url}`, text, value);
    said++;
    if (random.chance(0.5)) await new Promise((resolve) => setTimeout(resolve, random.int(0, 40)));
  }
  if (socket.readyState === WebSocket.OPEN) socket.close(NORMAL);
  const [code] = await closed;
  if (epoch) checkEnd(world, member, question, epoch, { code, early: said < wanted });
}

/** What came, in order; `undefined` when there is nothing more to come. */
function messagesOf(socket: WebSocket) {
  const come: string[] = [];
  let wake = () => {};
  let over = false;
  socket.on('message', (data) => {
    come.push(String(data));
    wake();
  });
  socket.on('close', () => {
    over = true;
    wake();
  });
  return {
    async next(): Promise<{ readonly value: string | undefined }> {
      while (come.length === 0 && !over) await new Promise<void>((resolve) => (wake = resolve));
      return { value: come.shift() };
    },
  };
}

async function judgeRefusal(world: World, question: Question, answer: IncomingMessage): Promise<void> {
  const { statusCode: status = 0, headers } = answer;
  judge(world, question, { method: 'GET', status, headers, body: await buffer(answer), tookMs: 0 }, () => 'a refusal');
}

/** The first message says who it is. */
function epochOf(world: World, question: Question, greeting: string | undefined): Epoch | undefined {
  if (greeting === undefined) {
    noAnswer(world, question, 'closed before the first message');
    return undefined;
  }
  const [build, instance] = greeting.split(' ');
  const { possible } = question.passage;
  const epoch = possible.find(
    ({ duty, instance: known }) =>
      duty.kind === 'serves' && String(duty.build) === build && (known === undefined || String(known) === instance),
  );
  if (epoch === undefined) {
    world.findings.add(question.url, possible.map(({ duty }) => JSON.stringify(duty)).join(' or '), greeting);
    return undefined;
  }
  epoch.instance ??= Number(instance);
  question.passage.answeredBy(epoch);
  world.figures.count('WebSocket connections');
  return epoch;
}

interface End {
  readonly code: number;
  /** Before the visitor had said everything. */
  readonly early: boolean;
}

function checkEnd(
  { findings, figures }: World,
  { outlook }: Member,
  { url }: Question,
  epoch: Epoch,
  { code, early }: End,
): void {
  const dying = epoch.duty.kind === 'serves' && epoch.duty.dying === true;
  const replaced = outlook.stretchesAfter(epoch) > 0;
  if (code === SERVICE_RESTART) figures.count('WebSockets closed with 1012');
  const fits = code === SERVICE_RESTART ? replaced : code === BROKEN_OFF ? dying : code === NORMAL && !early;
  if (!fits) findings.add(`end of ${url}`, `${replaced ? SERVICE_RESTART : NORMAL}`, `${code}, early: ${early}`);
}

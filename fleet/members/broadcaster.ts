import { noAnswer } from '../oracle/hail.ts';
import { type OpenStream, openStream } from '../oracle/open-stream.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { Member, MemberKind } from './member.ts';
import { askForReport } from './neighbour.ts';

/** Sends server-sent events. When it is replaced its streams say when to come again, and end. */
export const broadcaster: MemberKind = {
  name: 'broadcaster',
  async visit(world, member, random) {
    if (random.chance(0.5)) await askForReport(world, member, random);
    else await listen(world, member, random);
  },
};

/** How long a listener stays who is not sent away. */
const PATIENCE_MS = 3000;

async function listen(world: World, member: Member, random: Random): Promise<void> {
  const stream = await openStream(world, member, `/events?pause=${random.int(1, 60)}`);
  if (stream === undefined) return;
  const leavesAfter = random.chance(0.5) ? random.int(1, 40) : Number.POSITIVE_INFINITY;
  const until = performance.now() + PATIENCE_MS;
  const events = new EventReader(world, stream);
  try {
    for await (const chunk of stream.body) {
      events.read(String(chunk));
      if (events.seen >= leavesAfter || performance.now() > until) {
        world.figures.count('event streams left by the listener');
        return;
      }
    }
  } catch (error) {
    noAnswer(world, stream.question, error);
    return;
  }
  events.ended(member);
}

/** Reads a stream of events, and checks their numbers and whose they are. */
class EventReader {
  seen = 0;
  readonly #world: World;
  readonly #stream: OpenStream;
  #rest = '';
  #retry: string | undefined;

  constructor(world: World, stream: OpenStream) {
    this.#world = world;
    this.#stream = stream;
  }

  read(text: string): void {
    const parts = (this.#rest + text).split('\n\n');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) {
      if (part.startsWith('retry:')) this.#retry = part;
      else this.#event(part);
    }
  }

  /** The plugin ended the stream: it was replaced, and has said when to come again. */
  ended({ outlook }: Member): void {
    const { question, epoch } = this.#stream;
    const { findings, figures } = this.#world;
    findings.expectEqual(`last words of ${question.url}`, ['retry: 1000', ''], [this.#retry, this.#rest]);
    if (outlook.stretchesAfter(epoch) === 0)
      findings.add(question.url, 'a stream for as long as its version serves', 'its end');
    figures.count('event streams ended by a replacement');
  }

  #event(part: string): void {
    this.seen++;
    const { duty } = this.#stream.epoch;
    const build = duty.kind === 'serves' ? duty.build : undefined;
    this.#world.findings.expectEqual(`event of ${this.#stream.question.url}`, `id: ${this.seen}\ndata: ${build}`, part);
  }
}

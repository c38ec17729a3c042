import { isRare, type Member } from '../members/member.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { lookUp } from './desk.ts';

/** The share of visits that go to whom the operation under way is about. */
const FOCUS = 0.4;
/** The share that goes to those of whom there are few. */
const RARE = 0.3;
/** Milliseconds between the visits of one visitor: without it they take the processor from the host. */
const PAUSE_MS = 4;
/** The same for whoever looks at the pages of the host, some of which tell of every plugin. */
const WATCH_PAUSE_MS = 100;
/** What a visit may take at most; it has time limits of its own, so that more means that something hangs. */
const VISIT_LIMIT_MS = 120_000;

/** Visitors who ask all the time, each one question after the other. */
export class Traffic {
  readonly #world: World;
  readonly #visitors: number;
  readonly #random: Random;
  #running: Promise<unknown> | undefined;
  #ending = false;

  constructor(world: World, visitors: number, random: Random) {
    this.#world = world;
    this.#visitors = visitors;
    this.#random = random;
  }

  start(): void {
    this.#ending = false;
    const visitors = Array.from({ length: this.#visitors }, () => this.#visit(this.#random.fork()));
    this.#running = Promise.all([...visitors, this.#watch()]);
  }

  /** Resolves when every question that was asked has been answered. */
  async stop(): Promise<void> {
    this.#ending = true;
    await this.#running;
  }

  /** One who looks at the pages of the host, all the time. */
  async #watch(): Promise<void> {
    for (let turn = 0; !this.#ending; turn++) {
      await lookUp(this.#world, turn);
      await new Promise((resolve) => setTimeout(resolve, WATCH_PAUSE_MS));
    }
  }

  async #visit(random: Random): Promise<void> {
    const { members } = this.#world;
    const rare = members.filter(isRare);
    while (!this.#ending) {
      const { focus } = this.#world;
      const share = random.next();
      const group = share < FOCUS && focus.length > 0 ? focus : share < FOCUS + RARE ? rare : members;
      const member = random.pick(group) as Member;
      const late = setTimeout(() => {
        this.#world.findings.add(`visit of ${member.name}`, `an end within ${VISIT_LIMIT_MS} ms`, 'it goes on');
      }, VISIT_LIMIT_MS);
      await member.kind.visit(this.#world, member, random);
      clearTimeout(late);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

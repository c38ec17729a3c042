import { type Checkpoint, checkpoint } from './checkpoint.ts';
import type { Member } from './members/member.ts';
import { OPERATIONS } from './operations/catalogue.ts';
import { muster } from './operations/muster.ts';
import type { Operation, OperationKind } from './operations/operation.ts';
import type { Random } from './random.ts';
import type { Traffic } from './traffic/traffic.ts';
import type { World } from './world.ts';

/** After so many operations, or this share of the time, everybody is put back and what the host holds is looked at. */
const ROUND = 40;
const ROUNDS_AT_LEAST = 10;

export interface DirectorOptions {
  readonly world: World;
  readonly traffic: Traffic;
  readonly random: Random;
  /** Milliseconds for the operations. */
  readonly forMs: number;
  /** Aborts when somebody wants an end before that. */
  readonly stop: AbortSignal;
  /** Done one after the other in place of what chance chooses. */
  readonly script: readonly Operation[] | undefined;
}

/** Does one thing after the other to the fleet, and writes down what. */
export class Director {
  readonly done: Operation[] = [];
  readonly checkpoints: Checkpoint[] = [];
  readonly #with: DirectorOptions;
  readonly #byName: ReadonlyMap<string, Member>;

  constructor(options: DirectorOptions) {
    this.#with = options;
    this.#byName = new Map(options.world.members.map((member) => [member.name, member]));
  }

  /** Until the time is over, the script has ended, or something was found. A round that has begun is ended with its checkpoint. */
  async run(): Promise<void> {
    const { world, traffic, forMs, stop } = this.#with;
    const end = performance.now() + forMs;
    const goesOn = () => performance.now() < end && !stop.aborted && !world.findings.any;
    traffic.start();
    for (let more = true; more && goesOn(); ) {
      const next = performance.now() + forMs / ROUNDS_AT_LEAST;
      for (let n = 0; more && n < ROUND && performance.now() < next && goesOn(); n++) more = await this.#next();
      await muster(world);
      await traffic.stop();
      this.checkpoints.push(await checkpoint(world));
      traffic.start();
    }
    await traffic.stop();
  }

  async #next(): Promise<boolean> {
    const { script, world } = this.#with;
    const operation = script === undefined ? this.#choose() : script[this.done.length];
    if (operation === undefined) return false;
    const kind = OPERATIONS.find(({ name }) => name === operation.kind) as OperationKind;
    this.done.push(operation);
    const members = operation.members.map((name) => this.#byName.get(name) as Member);
    const { findings, figures } = world;
    findings.step++;
    findings.operation = describe(operation);
    world.focus = members;
    const began = performance.now();
    await kind.carryOut(world, members, operation.detail);
    figures.operation(kind.name, performance.now() - began);
    world.receipts.read(await world.host.ask('receipts'));
    findings.operation = undefined;
    return true;
  }

  #choose(): Operation {
    const { random, world } = this.#with;
    for (;;) {
      const kind = random.weighted(OPERATIONS) as OperationKind;
      const choice = kind.choose(world.members, random);
      if (choice === undefined) continue;
      const { members, detail = {} } = choice;
      return { kind: kind.name, members: members.map(({ name }) => name), detail };
    }
  }
}

function describe({ kind, members, detail }: Operation): string {
  const how = Object.values(detail).join(', ');
  return `${kind}${how === '' ? '' : ` (${how})`} of ${members.join(', ')}`;
}

import { randomBytes } from 'node:crypto';
import { type Checkpoint, checkpoint } from './checkpoint.ts';
import { Director } from './director.ts';
import { Harbour } from './harbour.ts';
import { diagnose } from './host/diagnose.ts';
import { FleetHost } from './host/fleet-host.ts';
import type { Member } from './members/member.ts';
import { disband, muster } from './operations/muster.ts';
import type { Operation } from './operations/operation.ts';
import { checkEmpty } from './oracle/check-empty.ts';
import { Figures } from './oracle/figures.ts';
import { Findings } from './oracle/findings.ts';
import { checkMemory } from './oracle/memory.ts';
import { Receipts } from './oracle/receipts.ts';
import { Tally } from './oracle/tally.ts';
import { Random } from './random.ts';
import { makeRoster } from './roster.ts';
import { Client } from './traffic/client.ts';
import { findFreePort } from './traffic/find-free-port.ts';
import { Quay } from './traffic/quay.ts';
import { Traffic } from './traffic/traffic.ts';
import type { World } from './world.ts';

export interface FleetOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly neighbours: number;
  readonly visitors: number;
  /** Seconds within which whatever is asked has to be answered, or the host hangs. */
  readonly patience: number;
  /** Done in place of what chance chooses. */
  readonly script: readonly Operation[] | undefined;
  /** Aborts when somebody wants an end before the time is over. */
  readonly stop: AbortSignal;
  say(line: string): void;
}

/** What a run has found. */
export interface FleetResult {
  readonly seed: number;
  readonly neighbours: number;
  /** From the first operation to the last. */
  readonly seconds: number;
  readonly findings: Findings;
  readonly figures: Figures;
  readonly operations: readonly Operation[];
  readonly checkpoints: readonly Checkpoint[];
  readonly receipts: number;
  /** The heap at the checkpoints, in a line. */
  readonly memory: string;
}

/** Milliseconds that the host may take to stop in order. */
const STOP_LIMIT_MS = 30_000;
/** Milliseconds for the top-level code of a plugin. */
const LOAD_LIMIT_MS = 1500;

/** One run from an empty host to an empty host. Nothing of it is left behind. What breaks it off is a finding, too. */
export async function runFleet(options: FleetOptions): Promise<FleetResult> {
  using harbour = new Harbour();
  const token = randomBytes(24).toString('hex');
  const patienceMs = options.patience * 1000;
  const host = await FleetHost.start({ folder: harbour.folder, token, loadLimit: LOAD_LIMIT_MS }, patienceMs);
  const client = new Client(host.url, options.visitors + 9, patienceMs);
  const findings = new Findings();
  await using quay = await Quay.open(findings);
  const members = makeRoster(options.neighbours, { quay: quay.port, freePort: await findFreePort() });
  const world: World = {
    host,
    harbour,
    client,
    quay,
    members,
    stamp: members.find(({ kind }) => kind.name === 'stamp') as Member,
    lighthouse: members.find(({ kind }) => kind.name === 'lighthouse') as Member,
    findings,
    tally: new Tally(findings),
    receipts: new Receipts(findings),
    figures: new Figures(),
    focus: [],
  };
  const random = new Random(options.seed);
  const traffic = new Traffic(world, options.visitors, random.fork());
  const director = new Director({ ...options, world, traffic, random: random.fork(), forMs: options.seconds * 1000 });
  let seconds = 0;
  // Where the host goes down, connections may break where nobody waits for them any more; the report is made all the same.
  const unseen = (error: unknown): void =>
    findings.add('a promise of the run', 'that somebody looks at it', String(error));
  process.on('unhandledRejection', unseen);
  try {
    // Once there and back: what the host makes on first use and keeps is no leak.
    await muster(world);
    await disband(world);
    const before = await checkpoint(world);
    await muster(world);
    options.say(`${world.members.length} plugins serve at ${host.url}`);
    const began = performance.now();
    await director.run();
    seconds = (performance.now() - began) / 1000;
    await client.close();
    await disband(world);
    await checkEmpty(world, before);
    await end(world);
  } catch (error) {
    world.findings.add(
      'the run',
      'that it goes to its end',
      `${String((error as Error).stack)}\n${await diagnose(host)}`,
    );
  } finally {
    await client.destroy();
    if (host.alive) await host.stop(Math.min(STOP_LIMIT_MS, 3 * patienceMs));
    process.off('unhandledRejection', unseen);
  }
  const { figures, receipts } = world;
  return {
    seed: options.seed,
    neighbours: options.neighbours,
    seconds,
    findings,
    figures,
    operations: director.done,
    checkpoints: director.checkpoints,
    receipts: receipts.checked,
    memory: checkMemory(findings, director.checkpoints),
  };
}

async function end({ host, harbour, findings }: World): Promise<void> {
  const how = await host.stop(STOP_LIMIT_MS);
  if (how !== 'code 0') findings.add('the stop of the host', 'code 0', `${how}\n${host.output}`);
  if (harbour.temporaryFiles.length > 0) findings.add('temporary files', 'none', harbour.temporaryFiles.join(' '));
}

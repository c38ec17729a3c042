import { setTimeout as sleep } from 'node:timers/promises';
import type { Holdings, PluginNow } from './host/host-messages.ts';
import type { World } from './world.ts';

/** How long old versions may take to be gone once nobody asks any more. */
const SETTLE_LIMIT_MS = 60_000;

/** Looked at while nobody asks anything. */
export interface Checkpoint {
  /** Operations before it. */
  readonly step: number;
  readonly holdings: Holdings;
  readonly descriptors: Readonly<Record<string, number>>;
  readonly children: readonly string[];
  readonly plugins: number;
}

/** Waits until what was replaced is gone, then checks every receipt, every state and every counter, and looks at what the host holds. */
export async function checkpoint(world: World): Promise<Checkpoint> {
  const { host, findings, members } = world;
  const status = await settled(world);
  checkStates(world, status);
  const serving = new Set(status.map(({ name, instance }) => `${name}#${instance}`));
  world.figures.count('counted answers audited', world.tally.audit(serving));
  checkLines(world, serving);
  await clearLeftovers(world, serving);
  const holdings = await host.ask('holdings');
  const { descriptors, children } = host;
  const plugins = members.filter(({ berth }) => berth !== 'away').length;
  return { step: findings.step, holdings, descriptors, children, plugins };
}

async function settled({ host, findings, receipts }: World): Promise<readonly PluginNow[]> {
  const deadline = performance.now() + SETTLE_LIMIT_MS;
  for (;;) {
    const status = await host.ask('states');
    receipts.read(await host.ask('receipts'));
    const busy = status.filter(({ draining, inFlight }) => draining.length > 0 || inFlight > 0);
    if (busy.length === 0) return status;
    if (performance.now() > deadline) {
      const who = busy.map(({ name, draining, inFlight }) => ({ name, draining, inFlight }));
      findings.add('plugins when nobody asks', 'no version that drains', JSON.stringify(who));
      return status;
    }
    await sleep(20);
  }
}

/** Connections to the quay belong to instances that serve, save for those that are left on purpose. */
function checkLines({ quay, findings }: World, serving: ReadonlySet<string>): void {
  const strangers = [...quay.owners('pool'), ...quay.owners('ticks')].filter((owner) => !serving.has(owner));
  findings.expectEqual('connections of instances that are gone', [], strangers);
}

/** Takes away what the leaker has left: one of each for each version that left, and its sockets are gone from the quay. */
async function clearLeftovers({ host, quay, findings, figures }: World, serving: ReadonlySet<string>): Promise<void> {
  const { intervals, sockets, listeners } = await host.ask('clearLeftovers');
  findings.expectEqual(
    'what the leaker left: timers, sockets, listeners',
    [sockets, sockets, sockets],
    [intervals, sockets, listeners],
  );
  figures.count('leaks on purpose', intervals + sockets + listeners);
  for (let turns = 0; turns < 100 && quay.owners('leak').some((owner) => !serving.has(owner)); turns++) await sleep(20);
  findings.expectEqual(
    'sockets that were left',
    [],
    quay.owners('leak').filter((owner) => !serving.has(owner)),
  );
}

/** The host knows of every plugin what the director knows, and nothing besides. */
function checkStates({ members, findings }: World, status: readonly PluginNow[]): void {
  const wanted = members
    .filter(({ berth }) => berth === 'serving')
    .map(({ name, current }) => `${name} ${current?.variant.version} running ${current?.level}`);
  const broken = new Set(members.filter(({ berth }) => berth === 'broken').map(({ name }) => name));
  const got = status
    .filter(({ name }) => !broken.has(name))
    .map(({ name, version, phase, level }) => `${name} ${version} ${phase} ${level}`);
  findings.expectEqual('states of the plugins', wanted.sort(), got.sort());
}

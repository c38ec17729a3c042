import { setTimeout as sleep } from 'node:timers/promises';
import { type Checkpoint, checkpoint } from '../checkpoint.ts';
import type { World } from '../world.ts';

/** How long it may take: the compiler keeps for 10 s what it has parsed. */
const LIMIT_MS = 30_000;

/** When everybody has gone, the host holds what it held before the first came: handles, timers, listeners, descriptors, processes. */
export async function checkEmpty(world: World, before: Checkpoint): Promise<Checkpoint> {
  const deadline = performance.now() + LIMIT_MS;
  let after = await checkpoint(world);
  while (held(after) !== held(before) && performance.now() < deadline) {
    await sleep(250);
    after = await checkpoint(world);
  }
  world.findings.expectEqual('what the host holds when all are gone', held(before), held(after));
  return after;
}

function held({ holdings: { resources, listeners }, children, descriptors }: Checkpoint): string {
  return JSON.stringify({ resources, listeners, children, descriptors: Object.entries(descriptors).sort() });
}

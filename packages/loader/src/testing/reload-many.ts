// Reloads a plugin of twenty modules whose own package changes each time; prints what stays in memory.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLoader } from '../loader.ts';
import { enableSourceMaps } from '../source-maps.ts';

const [folder = '', times = '500'] = process.argv.slice(2);
const WARM_UP = 100;

enableSourceMaps();
const loader = createLoader({ cacheDir: join(folder, '.cache'), shared: {} });
const collect = globalThis.gc as () => Promise<void> | void;
const old: WeakRef<object>[] = [];
const digests = new Set<string>();
let stacks = 0;
let wrong = 0;

async function reload(version: number): Promise<void> {
  writeFileSync(
    join(folder, 'node_modules/dep/index.js'),
    `exports.version = ${version};\nexports.data = '${'x'.repeat(version % 7)}';`,
  );
  const { exports, digest } = await loader.load(join(folder, 'index.ts'));
  digests.add(digest);
  old.push(new WeakRef(exports));
  const { versions, fail } = exports as { versions: () => number[]; fail: () => never };
  if (!versions().every((one) => one === version)) wrong += 1;
  try {
    fail();
  } catch (error) {
    if (/m7\.ts:3:\d+/.test((error as Error).stack ?? '')) stacks += 1;
  }
}

async function heapUsed(): Promise<number> {
  for (let i = 0; i < 4; i += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    await collect();
  }
  return process.memoryUsage().heapUsed;
}

const total = Number(times);
const started = performance.now();
const samples: { x: number; y: number }[] = [];
for (let version = 1; version <= total; version += 1) {
  await reload(version);
  if (version >= WARM_UP && version % 50 === 0) samples.push({ x: version, y: await heapUsed() });
}
const elapsedMs = performance.now() - started;
await heapUsed();
const alive = old.filter((ref) => ref.deref() !== undefined).length;
await loader.close();

// Least squares: bytes per reload.
const meanX = samples.reduce((sum, { x }) => sum + x, 0) / samples.length;
const meanY = samples.reduce((sum, { y }) => sum + y, 0) / samples.length;
const slope =
  samples.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) /
  samples.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
process.stdout.write(
  JSON.stringify({ slope, alive, wrong, stacks, digests: digests.size, msPerReload: elapsedMs / total, heap: meanY }),
);

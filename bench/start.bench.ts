import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Benchmark, type Figure, ratioVerdict, verdict } from './harness/benchmark.ts';
import { Child } from './harness/child.ts';
import { median } from './harness/statistics.ts';
import { writePlugins } from './start/plugin-folder.ts';

const COUNTS = [10, 100, 1_000] as const;
const LARGEST = 1_000;
/** The promises speak of the largest count; the others show how it grows. */
const ROUNDS = { 10: 3, 100: 3, 1000: 5 } as const;

/** `files`: a host over a folder. `program`: a host that is handed the same plugins, imported already. `import`: the bare imports. */
const WAYS = ['files', 'program', 'by-hand', 'import'] as const;
type Way = (typeof WAYS)[number];

interface Started {
  /** Microseconds. */
  readonly cpu: number;
  /** Milliseconds. */
  readonly wall: number;
  /** Bytes that are reachable afterwards and were not before. */
  readonly heap: number;
  /** Microseconds since the process began. */
  readonly whole: number;
}

async function start(way: Way, folder: string): Promise<Started> {
  await using child = new Child(new URL('./start/start.child.ts', import.meta.url), [way, folder]);
  return await child.next<Started>();
}

async function measure(count: (typeof COUNTS)[number]): Promise<Record<Way, Started[]>> {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
  try {
    await writePlugins(join(folder, 'plugins'), count);
    // Makes the bundles, which a second start finds; and has the files in the page cache for all.
    await start('files', folder);
    const found: Record<Way, Started[]> = { files: [], program: [], 'by-hand': [], import: [] };
    for (let round = 0; round < ROUNDS[count]; round++) {
      for (const way of round % 2 === 0 ? WAYS : WAYS.toReversed()) found[way].push(await start(way, folder));
    }
    return found;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const millisecondsOf = (found: readonly Started[], what: 'cpu' | 'whole' = 'cpu') =>
  found.map((one) => one[what] / 1000);

export default {
  title:
    'CPU time of a start of 10, 100, 1,000 plugins of a file and a route each, beside importing and registering them by hand',
  async run() {
    const figures: Figure[] = [];
    let largest: Record<Way, Started[]> | undefined;
    for (const count of COUNTS) {
      const found = await measure(count);
      for (const way of WAYS)
        figures.push({ name: `${count}: ${way}`, unit: 'ms', values: millisecondsOf(found[way]) });
      largest = found;
    }
    const { files, program, 'by-hand': byHand, import: imported } = largest as Record<Way, Started[]>;
    const figure = (values: number[]): Figure => ({ name: '', unit: '', values });
    const share = program.map(({ cpu }) => cpu / LARGEST);
    const shareHeap = program.map(({ heap }) => heap / 1024 / LARGEST);
    const kib = (found: readonly Started[]) => (median(found.map(({ heap }) => heap)) / 1024 / LARGEST).toFixed(1);
    return {
      figures,
      verdicts: [
        ratioVerdict(
          '1,000 from files / importing by hand',
          figure(files.map(({ cpu }) => cpu)),
          figure(imported.map(({ cpu }) => cpu)),
          'at most',
          2.2,
        ),
        verdict('our share of each of 1,000', share, 'at most', 60, 'µs'),
        verdict('our share of the heap', shareHeap, 'at most', 8, 'KiB'),
      ],
      notes: [
        `whole processes, from their beginning: ${WAYS.map((way) => `${way} ${median(millisecondsOf((largest as Record<Way, Started[]>)[way], 'whole')).toFixed(0)} ms`).join(', ')}`,
        `wall time: ${WAYS.map((way) => `${way} ${median((largest as Record<Way, Started[]>)[way].map(({ wall }) => wall)).toFixed(0)} ms`).join(', ')}`,
        `heap for each plugin: files ${kib(files)}, program ${kib(program)}, by hand ${kib(byHand)}, import ${kib(imported)} KiB`,
        'our share: what a start costs that is handed 1,000 plugins imported already (no file read, no code compiled), a thousandth of it',
      ],
    };
  },
} satisfies Benchmark;

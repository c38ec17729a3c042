/**
 * CPU of a start of 10, 100 and 1,000 plugins of a file and a route each, beside importing and registering them by hand.
 * Each start is a process of its own. `files`: a host over a folder whose bundles are cached. `program`: a host that is handed the same plugins,
 * imported already: what is left is our own share. `import`: the bare imports. `by hand`: the imports and Fastify's `register`. `autoload`:
 * `@fastify/autoload` over a folder. `NestJS`: a module and a controller for each file. All have the same routes.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineBenchmark } from './harness.ts';
import type { Row } from './report.ts';
import { inRounds } from './rounds.ts';
import { writeAutoload, writeNest, writePlugins } from './start/plugin-folder.ts';
import type { Started } from './start/start.child.ts';
import { startInChild } from './start/start-in-child.ts';
import { median } from './statistics.ts';

const WAYS = ['import', 'by hand', 'files', 'program', 'autoload', 'NestJS'] as const;
type Way = (typeof WAYS)[number];
const COUNTS = [
  { count: 10, rounds: 3 },
  { count: 100, rounds: 3 },
  { count: 1_000, rounds: 5 },
] as const;

interface Measured {
  readonly rows: readonly Row[];
  readonly starts: Readonly<Record<Way, readonly Started[]>>;
}

async function measure(count: number, rounds: number): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
  const starts = Object.fromEntries(WAYS.map((way) => [way, [] as Started[]])) as Record<Way, Started[]>;
  try {
    await writePlugins(join(folder, 'plugins'), count);
    await writeAutoload(join(folder, 'autoload'), count);
    await writeNest(join(folder, 'nest'), count);
    // Makes the bundles, which the starts that are measured find; and has the files in the page cache for all.
    await startInChild('files', folder);
    const rows = await inRounds(WAYS, 'import', rounds, 'µs', async (variant) => {
      const started = await startInChild(variant, folder);
      starts[variant as Way].push(started);
      return started.cpu / count;
    });
    return {
      rows: rows.map((row) => ({ ...row, variant: `${count}: ${row.variant}`, notes: notesOf(row, starts, count) })),
      starts,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function notesOf({ variant }: Row, starts: Measured['starts'], count: number): NonNullable<Row['notes']> {
  const of = (what: keyof Started) => median(starts[variant as Way].map((started) => started[what]));
  return {
    'wall ms': of('wall').toFixed(0),
    'heap KiB each': (of('heap') / 1024 / count).toFixed(1),
    'CPU ms of the whole process': (of('whole') / 1000).toFixed(0),
  };
}

export default defineBenchmark({
  name: 'start',
  description: 'a start of 10, 100 and 1,000 plugins beside importing and registering them by hand',
  async run(harness) {
    const measured: Measured[] = [];
    for (const { count, rounds } of COUNTS) {
      const one = await measure(count, rounds);
      harness.add(one.rows);
      measured.push(one);
    }
    const [ten, , thousand] = measured as [Measured, Measured, Measured];
    const many = '1,000 plugins from files <= 2.2 x importing 1,000 files by hand';
    harness.promise({ text: many, limit: 2.2, measured: harness.ratio(thousand.rows, '1000: files') });
    for (const peer of ['autoload', 'NestJS'] as const) {
      harness.promise({
        text: `1,000 plugins from files beside 1,000 of ${peer}`,
        limit: 1,
        measured: harness.ratio(thousand.rows, '1000: files') / harness.ratio(thousand.rows, `1000: ${peer}`),
      });
    }
    // What one more plugin costs: the difference of two starts leaves out what a start costs by itself.
    const more = (what: 'cpu' | 'heap') =>
      (median(thousand.starts.program.map((one) => one[what])) - median(ten.starts.program.map((one) => one[what]))) /
      990;
    harness.promise({ text: 'our share of one more plugin <= 60 µs', limit: 60, measured: more('cpu') });
    harness.promise({ text: 'our share of its heap <= 8 KiB', limit: 8, measured: more('heap') / 1024 });
    return harness.report();
  },
});

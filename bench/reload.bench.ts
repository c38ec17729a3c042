import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Benchmark, type Figure, verdict } from './harness/benchmark.ts';
import { Child } from './harness/child.ts';
import { median, quantile, slope } from './harness/statistics.ts';
import { setVersion, writePlugin } from './reload/plugin-files.ts';
import { SteadyLoad } from './reload/steady-load.ts';

const RELOADS = 1_000;
/** The peer grows by megabytes each time. */
const PEER_RELOADS = 100;
const CONNECTIONS = 8;
const SAMPLES = 20;
const TOKEN = 'a-token-that-nobody-else-knows';

interface Run {
  /** Milliseconds. */
  readonly reloads: readonly number[];
  /** Milliseconds: for each reload, the longest time without an answer from its edit to the next. */
  readonly gaps: readonly number[];
  /** Bytes after `x` reloads. */
  readonly heap: readonly { readonly x: number; readonly y: number }[];
  readonly rss: number;
  readonly load: SteadyLoad;
  /** The last version that clients saw is the last that was written. */
  readonly current: boolean;
}

/** Edits, reloads, and looks at the heap now and then. The load never pauses. */
async function run(
  child: Child,
  port: number,
  folder: string,
  count: number,
  reload: () => Promise<unknown>,
): Promise<Run> {
  const load = new SteadyLoad(port, '/heavy/hello', CONNECTIONS);
  const reloads: number[] = [];
  const gaps: number[] = [];
  const heap: { x: number; y: number }[] = [];
  let shown = 0;
  load.takeWidestGap();
  for (let n = 1; n <= count; n++) {
    await setVersion(folder, n);
    const began = performance.now();
    await reload();
    reloads.push(performance.now() - began);
    gaps.push(load.takeWidestGap());
    if (n % (count / SAMPLES) !== 0) continue;
    heap.push({ x: n, y: await child.ask<number>('heap') });
    // Collecting the whole heap twice stops the server, which no server does of itself.
    load.takeWidestGap();
    shown = n;
  }
  await load.end();
  const rss = await child.ask<number>('rss');
  return {
    reloads,
    gaps,
    heap,
    rss,
    load,
    current: [...load.versions].some((body) => body.includes(`"version":${shown},`)),
  };
}

async function measureOurs(folder: string): Promise<Run> {
  const plugin = join(folder, 'plugins', 'heavy');
  await writePlugin(plugin);
  await using child = new Child(new URL('./reload/host.child.ts', import.meta.url), [folder, TOKEN]);
  const port = await child.next<number>();
  return await run(child, port, plugin, RELOADS, async () => {
    const url = `http://127.0.0.1:${port}/plugins/heavy/reload`;
    const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } });
    const body = await response.text();
    if (response.status !== 200) throw new Error(body);
  });
}

async function measurePeer(folder: string): Promise<Run> {
  const plugin = join(folder, 'peer');
  const entry = await writePlugin(plugin);
  await using child = new Child(new URL('./reload/peer.child.ts', import.meta.url), [entry]);
  const port = await child.next<number>();
  return await run(child, port, plugin, PEER_RELOADS, () => child.ask<number>('reload'));
}

/** Bytes for each reload, of the second half: what caches take until they are full is no leak. */
const heapSlope = ({ heap }: Run): number => slope(heap.slice(heap.length / 2));

const figuresOf = (who: string, { reloads, gaps }: Run): Figure[] => [
  { name: `${who}: one reload`, unit: 'ms', values: reloads },
  { name: `${who}: longest gap between answers around a reload`, unit: 'ms', values: gaps },
];

export default {
  title: `${RELOADS} reloads of a plugin of 20 modules under load, beside re-importing it with a query`,
  async run() {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
    try {
      const ours = await measureOurs(folder);
      const peer = await measurePeer(folder);
      const kib = (bytes: number) => bytes / 1024;
      const summary = (who: string, found: Run) =>
        `${who}: ${found.reloads.length} reloads, ${found.load.served} requests, ${found.load.failures.length} failed, ` +
        `p99 reload ${quantile(found.reloads, 0.99).toFixed(0)} ms, heap ${(kib(found.heap.at(-1)?.y ?? 0) / 1024).toFixed(1)} MiB, rss ${(kib(found.rss) / 1024).toFixed(0)} MiB`;
      return {
        figures: [...figuresOf('ours', ours), ...figuresOf('re-import', peer)],
        verdicts: [
          verdict('failed requests', ours.load.failures.length, 'at most', 0, ''),
          verdict('the last version was seen by clients', ours.current ? 1 : 0, 'at least', 1, ''),
          verdict('heap for each reload', kib(heapSlope(ours)), 'at most', 1, 'KiB'),
          verdict('p99 gap', quantile(ours.gaps, 0.99), 'at most', 250, 'ms'),
          verdict('longest gap', Math.max(...ours.gaps), 'at most', 250, 'ms'),
        ],
        notes: [
          summary('ours', ours),
          summary('re-import', peer),
          `re-import: ${kib(heapSlope(peer)).toFixed(0)} KiB of heap for each reload; one reload is ${(median(ours.reloads) / median(peer.reloads)).toFixed(2)} x its time`,
          ...ours.load.failures.slice(0, 3),
        ],
      };
    } finally {
      await rm(folder, { recursive: true });
    }
  },
} satisfies Benchmark;

/**
 * 1,000 reloads of a plugin of 20 modules under load, beside importing it anew with another query.
 * The rows are CPU for one reload of an idle server; the promises are about the loaded one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineBenchmark } from './harness.ts';
import { type LoadedReloads, ReloadedServer } from './reload/reloaded-server.ts';
import { inRounds } from './rounds.ts';
import { median, quantile, slope } from './statistics.ts';

const RELOADS = 1_000;
/** The peer grows by a megabyte each time. */
const PEER_RELOADS = 100;
const SAMPLES = 20;
const [OURS, PEER] = ['reload', 're-import'];

/** KiB for each reload, of the second half: what caches take until they are full is no leak. */
const heapSlope = ({ heap }: LoadedReloads): number => slope(heap.slice(heap.length / 2)) / 1024;

const notes = (found: LoadedReloads) => ({
  'under load: reloads': found.reloads.length,
  'median ms': median(found.reloads).toFixed(1),
  'p99 ms': quantile(found.reloads, 0.99).toFixed(1),
  'gap p50 ms': median(found.gaps).toFixed(1),
  'gap p99 ms': quantile(found.gaps, 0.99).toFixed(1),
  'longest gap ms': Math.max(...found.gaps).toFixed(1),
  requests: found.served,
  failed: found.failures.length,
  'KiB of heap for each': heapSlope(found).toFixed(2),
  'rss MiB': (found.rss / 1024 ** 2).toFixed(0),
});

export default defineBenchmark({
  name: 'reload',
  description: '1,000 reloads under load beside ESM re-import',
  async run(harness) {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
    await using started = new AsyncDisposableStack();
    started.defer(() => rm(folder, { recursive: true }));
    const servers = { [OURS]: await ReloadedServer.host(folder), [PEER]: await ReloadedServer.reimport(folder) };
    for (const server of Object.values(servers)) started.use(server.process);

    const [ours, peer] = [servers[OURS], servers[PEER]] as [ReloadedServer, ReloadedServer];
    for (const server of [ours, peer]) for (let n = 0; n < 10; n++) await server.reload();
    const rows = await inRounds([OURS, PEER], PEER, 7, 'µs', async (variant) => {
      const server = servers[variant] as ReloadedServer;
      const { cpu } = await server.process.usage();
      for (let n = 0; n < 5; n++) await server.reload();
      return ((await server.process.usage()).cpu - cpu) / 5;
    });
    const found = {
      [OURS]: await ours.reloadUnderLoad(RELOADS, SAMPLES),
      [PEER]: await peer.reloadUnderLoad(PEER_RELOADS, SAMPLES),
    };
    harness.add(rows.map((row) => ({ ...row, notes: notes(found[row.variant] as LoadedReloads) })));

    const loaded = found[OURS] as LoadedReloads;
    for (const failure of loaded.failures.slice(0, 3)) console.error(failure);
    harness.promise({ text: 'failed requests', limit: 0, measured: loaded.failures.length });
    harness.promise({
      text: 'clients see the last version',
      limit: 1,
      measured: Number(loaded.current),
      direction: 'at least',
    });
    harness.promise({ text: 'heap for each reload <= 1 KiB', limit: 1, measured: heapSlope(loaded) });
    harness.promise({ text: 'p99 gap <= 250 ms', limit: 250, measured: quantile(loaded.gaps, 0.99) });
    harness.promise({ text: 'longest gap <= 250 ms', limit: 250, measured: Math.max(...loaded.gaps) });
    return harness.report();
  },
});

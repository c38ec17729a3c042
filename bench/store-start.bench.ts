/**
 * CPU of a start of 1,000 plugins that were installed through the API beside 1,000 in a plugin folder. What is installed is named by the newest
 * revision in the database, each with rows of its own, and its code lies in a folder of its own. Each start is a process of its own, with its bundles cached.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost } from '@backplane/runtime';
import { defineBenchmark } from './harness.ts';
import { inRounds } from './rounds.ts';
import { writePluginFolders, writePlugins } from './start/plugin-folder.ts';
import type { Started } from './start/start.child.ts';
import { startInChild } from './start/start-in-child.ts';
import { median } from './statistics.ts';

const COUNT = 1_000;
const ROUNDS = 5;
const WAYS = ['files', 'store'] as const;
const TOKEN = 'a-token-of-this-benchmark-alone';

/** Installs them one after the other, as an operator would have done over the years. */
async function installAll(folder: string): Promise<void> {
  const sources = await writePluginFolders(join(folder, 'offered'), COUNT);
  const host = await createHost({
    configDir: join(folder, 'config'),
    dataDir: join(folder, 'stored'),
    environment: 'production',
    logLevel: 'error',
    adminToken: TOKEN,
    listen: { port: 0 },
  });
  try {
    const { url } = await host.start();
    for (const source of sources) {
      const response = await fetch(`${url}/api/v1/plugins/install`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify({ source }),
      });
      if (response.status !== 201) throw new Error(`${source}: ${response.status} ${await response.text()}`);
    }
  } finally {
    await host.stop();
  }
}

export default defineBenchmark({
  name: 'store-start',
  description: 'a start of 1,000 plugins that are in the store beside 1,000 in a folder',
  async run(harness) {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
    const starts: Record<string, Started[]> = { files: [], store: [] };
    try {
      await writePlugins(join(folder, 'plugins'), COUNT);
      await installAll(folder);
      for (const way of WAYS) await startInChild(way, folder);
      const rows = await inRounds(WAYS, 'files', ROUNDS, 'µs', async (way) => {
        const started = await startInChild(way, folder);
        starts[way]?.push(started);
        return started.cpu / COUNT;
      });
      harness.add(
        rows.map((row) => ({
          ...row,
          notes: { 'wall ms': median((starts[row.variant] ?? []).map(({ wall }) => wall)).toFixed(0) },
        })),
      );
      const measured = harness.ratio(rows, 'store');
      harness.promise({ text: '1,000 plugins in the store <= 1.3 x 1,000 in a folder', limit: 1.3, measured });
      return harness.report();
    } finally {
      await rm(folder, { recursive: true });
    }
  },
});

/**
 * From saving a file to the first request that the new version answers, by the clock: a plugin of 1 and of 50 files, beside `node --watch` with
 * Fastify and the same routes, and Vite's `ssrLoadModule`. Every server is started as a person would, and asked every millisecond.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from '../tools/bootstrap.mjs';
import { root } from '../tools/child-env.mjs';
import { defineBenchmark, type Harness } from './harness.ts';
import { inRounds } from './rounds.ts';
import { shareModules, writeEntry } from './save/saved-files.ts';
import { SavedServer } from './save/saved-server.ts';
import { quantile } from './statistics.ts';

const ROUNDS = 15;
const BACKPLANE = join(root, 'packages/cli/dist/backplane.js');
const VITE = fileURLToPath(new URL('./save/vite.child.ts', import.meta.url));
const FASTIFY = "import { type FastifyInstance, fastify } from 'fastify';";

type Start = (folder: string, files: number) => Promise<SavedServer>;

const backplane =
  (level: 'inline' | 'process'): Start =>
  async (folder, files) => {
    const saved = await writeEntry(join(folder, 'plugins/saved'), files, {
      before: "import { definePlugin } from '@backplane/plugin-api';\nimport type { FastifyInstance } from 'fastify';",
      after: `export default definePlugin({
  name: 'saved',
  version: '1.0.0',
  initialize({ http }) {
    http.routes(routes);
  },
});`,
    });
    const flags = ['--isolation', level, '--log-level', 'warn'];
    return SavedServer.start(saved, folder, '/saved', (port) => [BACKPLANE, 'dev', '--port', String(port), ...flags]);
  };

const nodeWatch: Start = async (folder, files) => {
  const saved = await writeEntry(folder, files, {
    before: FASTIFY,
    after: `const app = fastify();
app.register(routes);
await app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) });`,
  });
  return SavedServer.start(saved, folder, '/', (port) => [
    '--watch',
    '--watch-preserve-output',
    join(folder, 'index.ts'),
    String(port),
  ]);
};

const vite: Start = async (folder, files) => {
  const saved = await writeEntry(folder, files, {
    before: FASTIFY,
    after: 'export const app = fastify();\napp.register(routes);\nawait app.ready();',
  });
  return SavedServer.start(saved, root, '/', (port) => [VITE, folder, String(port)]);
};

const PEER = 'node --watch';
const STARTS: Readonly<Record<string, Start>> = {
  inline: backplane('inline'),
  process: backplane('process'),
  [PEER]: nodeWatch,
  vite,
};

async function measure(harness: Harness, files: number): Promise<void> {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'backplane-bench-')));
  await using started = new AsyncDisposableStack();
  started.defer(() => rm(base, { recursive: true, force: true }));
  await shareModules(base);
  const servers = new Map<string, SavedServer>();
  const times = new Map<string, number[]>();
  for (const [name, start] of Object.entries(STARTS)) {
    const server = started.use(await start(join(base, name.replaceAll(' ', '')), files));
    // The first save of all finds no compiler running.
    times.set(name, []);
    servers.set(name, server);
    await server.save();
    await server.save();
  }
  const rows = await inRounds(Object.keys(STARTS), PEER, ROUNDS, 'ms by the clock', async (name) => {
    const took = (await servers.get(name)?.save()) as number;
    times.get(name)?.push(took);
    return took;
  });
  const p95 = (name: string) => quantile(times.get(name) ?? [], 0.95);
  const named = `${files} ${files === 1 ? 'file' : 'files'}`;
  harness.add(
    rows.map((row) => ({
      ...row,
      variant: `${named}: ${row.variant}`,
      notes: { 'p95 ms': p95(row.variant).toFixed(0) },
    })),
  );
  for (const level of ['inline', 'process']) {
    const measured = rows.find(({ variant }) => variant === level)?.cpu.median ?? Number.NaN;
    harness.promise({ text: `${named}, ${level}: live in under a second (median, ms)`, limit: 1000, measured });
  }
}

export default defineBenchmark({
  name: 'save',
  description: 'from saving a file to serving it, beside node --watch and Vite',
  async run(harness) {
    ensureBuilt();
    await measure(harness, 1);
    await measure(harness, 50);
    return harness.report();
  },
});

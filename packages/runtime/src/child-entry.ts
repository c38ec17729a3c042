import { systemClock } from '@backplane/base';
import type { PluginCandidate } from '@backplane/discovery';
import { serveChildProcess } from '@backplane/isolation';
import { runWithCall } from '@backplane/kernel';
import { createLoader, enableSourceMaps, type LoadedModule } from '@backplane/loader';
import { createChildInstance } from './child-instance.ts';
import { describePlugin } from './describe-plugin.ts';
import { sharedModules } from './shared-modules.ts';

// The entry of an isolated plugin's process: the one place besides the command line that reads the environment.
enableSourceMaps();
const { BACKPLANE_BUNDLE_CACHE: cacheDir = '', BACKPLANE_LOAD_LIMIT: evaluationMs } = process.env;
const loader = createLoader({ cacheDir, shared: sharedModules, evaluationMs: Number(evaluationMs) });

// Nearly every plugin has routes, and whoever is early enough to wait for one has the time.
void import('fastify').catch(() => {});

/** The plugin's code, evaluated once: what was read is what runs. */
let module: Promise<LoadedModule> | undefined;
const load = (path: string): Promise<LoadedModule> => {
  module ??= loader.load(path);
  return module;
};

serveChildProcess({
  self: process,
  clock: systemClock,
  async describe(payload) {
    const candidate = payload as PluginCandidate;
    return describePlugin(candidate, await load(candidate.entry));
  },
  createInstance: async (seat) => createChildInstance(seat, await load(seat.entry.path), systemClock),
  run: runWithCall,
});

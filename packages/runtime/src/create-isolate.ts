import type { Clock } from '@backplane/base';
import type { PluginCandidate } from '@backplane/discovery';
import { createProcessUnit, WaitingProcess } from '@backplane/isolation';
import { runWithCall } from '@backplane/kernel';
import type { Loader } from '@backplane/loader';
import type { PluginDescription } from './describe-plugin.ts';
import { errors } from './errors.ts';
import type { Isolate } from './plugin-reader.ts';

export interface IsolateOptions {
  readonly cacheDir: string;
  readonly clock: Clock;
  /** Compiles for the children: it is warm, and they only read. */
  readonly loader: Loader;
}

/** Longer than the loader's own limit, which names what is wrong. This one ends endless loops. */
const READING_MS = 35_000;

/** Makes units that run in a process of their own. That which reads the plugin goes on to be its first instance. */
export function createIsolate({ cacheDir, clock, loader }: IsolateOptions): Isolate {
  const compiled = import.meta.url.endsWith('.js');
  const child = {
    childEntry: new URL(compiled ? './child-entry.js' : './child-entry.ts', import.meta.url),
    execArgv: compiled ? [] : ['--conditions=backplane-source'],
    env: { BACKPLANE_BUNDLE_CACHE: cacheDir },
    clock,
  };
  return async (candidate) => {
    const { name: plugin, entry: path, exportName, origin } = candidate;
    const unanswered = (reason: string) => errors.BP_PLUGIN_UNDESCRIBED({ plugin, reason });
    const waiting = new WaitingProcess({ ...child, plugin, limitMs: READING_MS, unanswered });
    const { data, digest, inputs } = await read(candidate, waiting, loader);
    const entry = { path, ...(exportName !== undefined && { exportName }) };
    return { unit: createProcessUnit({ ...child, data, digest, origin, entry, run: runWithCall, waiting }), inputs };
  };
}

/** The process starts while its code is compiled here. */
async function read(candidate: PluginCandidate, waiting: WaitingProcess, loader: Loader): Promise<PluginDescription> {
  try {
    await loader.prepare(candidate.entry);
  } catch (error) {
    await waiting.end();
    throw error;
  }
  return (await waiting.describe(candidate)) as PluginDescription;
}

import type { Clock, ClockTimer } from '@backplane/base';
import type { PluginCandidate } from '@backplane/discovery';
import { createProcessUnit, WaitingProcess } from '@backplane/isolation';
import { runWithCall } from '@backplane/kernel';
import type { Loader } from '@backplane/loader';
import type { PluginDescription } from './describe-plugin.ts';
import { errors } from './errors.ts';
import type { ReadUnit } from './plugin-reader.ts';

export interface IsolationOptions {
  readonly cacheDir: string;
  readonly clock: Clock;
  /** Compiles for the children: it is warm, and they only read. */
  readonly loader: Loader;
  /** Keep a process ready for the next plugin, once one has been isolated: a saved file is live sooner. It takes some 50 MB. */
  readonly spare: boolean;
}

/** Longer than the loader's own limit, which names what is wrong. This one ends endless loops. */
const READING_MS = 35_000;
/** Milliseconds until the next spare process is started: what has just been asked for comes first. */
const SPARE_AFTER_MS = 500;

/** Makes units that run in a process of their own. That which reads a plugin goes on to be its first instance. */
export class Isolation {
  readonly #options: IsolationOptions;
  readonly #child;
  #spare: WaitingProcess | undefined;
  #timer: ClockTimer | undefined;
  #closed = false;

  constructor(options: IsolationOptions) {
    this.#options = options;
    const compiled = import.meta.url.endsWith('.js');
    this.#child = {
      childEntry: new URL(compiled ? './child-entry.js' : './child-entry.ts', import.meta.url),
      execArgv: compiled ? [] : ['--conditions=backplane-source'],
      env: { BACKPLANE_BUNDLE_CACHE: options.cacheDir },
      clock: options.clock,
    };
  }

  /** Reads a plugin without running its code in this process. @throws BP_PLUGIN_UNDESCRIBED, and whatever keeps it from being loaded */
  async isolate(candidate: PluginCandidate): Promise<ReadUnit> {
    const { name: plugin, entry: path, exportName, origin } = candidate;
    const waiting = this.#takeSpare() ?? new WaitingProcess({ ...this.#child, plugin });
    const { data, digest, inputs } = await this.#read(candidate, waiting);
    this.#startSpare();
    const entry = { path, ...(exportName !== undefined && { exportName }) };
    const unit = createProcessUnit({ ...this.#child, data, digest, origin, entry, run: runWithCall, waiting });
    return { unit, inputs };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#spare?.end();
  }

  /** The process starts while its code is compiled here. */
  async #read(candidate: PluginCandidate, waiting: WaitingProcess): Promise<PluginDescription> {
    try {
      await this.#options.loader.prepare(candidate.entry);
    } catch (error) {
      await waiting.end();
      throw error;
    }
    const unanswered = (reason: string) => errors.BP_PLUGIN_UNDESCRIBED({ plugin: candidate.name, reason });
    return (await waiting.describe(candidate, { limitMs: READING_MS, unanswered })) as PluginDescription;
  }

  #takeSpare(): WaitingProcess | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare?.waits ? spare : undefined;
  }

  #startSpare(): void {
    const { spare, clock } = this.#options;
    if (!spare || this.#closed) return;
    this.#timer?.cancel();
    this.#timer = clock.after(SPARE_AFTER_MS, () => {
      try {
        this.#spare ??= new WaitingProcess({ ...this.#child, plugin: 'the next one' });
      } catch {
        // The plugin that would have taken it says so, when there is one.
      }
    });
  }
}

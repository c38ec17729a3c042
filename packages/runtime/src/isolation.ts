import type { Clock, ClockTimer } from '@backplane/base';
import type { PluginCandidate } from '@backplane/discovery';
import { createProcessUnit, WaitingProcess } from '@backplane/isolation';
import { runWithCall } from '@backplane/kernel';
import type { Loader } from '@backplane/loader';
import type { PluginDescription } from './describe-plugin.ts';
import { errors } from './errors.ts';
import type { Isolate } from './plugin-reader.ts';

export interface IsolationOptions {
  readonly cacheDir: string;
  readonly clock: Clock;
  /** Compiles for the children: it is warm, and they only read. */
  readonly loader: Loader;
  /** Keep a process ready for the next plugin, once one has been isolated: a saved file is live sooner. It takes some 50 MB. */
  readonly spare: boolean;
  /** Milliseconds that the top-level code of a plugin may take. */
  readonly loadLimitMs: number;
}

/** Beyond the loader's own limit, which names what is wrong: after this, an endless loop is ended. */
const LOOP_MS = 5000;
/** Milliseconds until the next spare process is started: what has just been asked for comes first. */
const SPARE_AFTER_MS = 500;

/** Makes units that run in a process of their own. That which reads a plugin goes on to be its first instance. */
export class Isolation {
  readonly #options: IsolationOptions;
  readonly #child;
  /** Processes that may still wait; of the others, those since the last start. */
  readonly #started = new Set<WaitingProcess>();
  #spare: WaitingProcess | undefined;
  #timer: ClockTimer | undefined;
  #closed = false;

  constructor(options: IsolationOptions) {
    this.#options = options;
    const compiled = import.meta.url.endsWith('.js');
    this.#child = {
      childEntry: new URL(compiled ? './child-entry.js' : './child-entry.ts', import.meta.url),
      execArgv: compiled ? [] : ['--conditions=backplane-source'],
      env: { BACKPLANE_BUNDLE_CACHE: options.cacheDir, BACKPLANE_LOAD_LIMIT: String(options.loadLimitMs) },
      clock: options.clock,
    };
  }

  /** Reads a plugin without running its code in this process. @throws BP_PLUGIN_UNDESCRIBED, and whatever keeps it from being loaded */
  async isolate(...[candidate, adapt]: Parameters<Isolate>): ReturnType<Isolate> {
    const { entry: path, exportName, origin } = candidate;
    try {
      const waiting = await this.#begin(candidate);
      const { data: said, digest, inputs } = await this.#describe(candidate, waiting);
      const data = await adapt(said);
      const entry = { path, ...(exportName !== undefined && { exportName }) };
      const unit = createProcessUnit({ ...this.#child, data, digest, origin, entry, run: runWithCall, waiting });
      return { unit, inputs };
    } finally {
      this.#startSpare();
    }
  }

  /** Ends every process that runs no instance: the spare one, and those that read a plugin or have read one and wait. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await Promise.all([...this.#started].map((waiting) => waiting.end()));
  }

  /** The process starts while its code is compiled here; a spare one is not spent on code that does not compile. */
  async #begin({ name, entry }: PluginCandidate): Promise<WaitingProcess> {
    const started = this.#spare?.waits ? undefined : this.#start(name);
    try {
      await this.#options.loader.prepare(entry);
    } catch (error) {
      await started?.end();
      throw error;
    }
    return started ?? this.#takeSpare() ?? this.#start(name);
  }

  async #describe(candidate: PluginCandidate, waiting: WaitingProcess): Promise<PluginDescription> {
    const unanswered = (reason: string) => errors.BP_PLUGIN_UNDESCRIBED({ plugin: candidate.name, reason });
    const limitMs = this.#options.loadLimitMs + LOOP_MS;
    // The host may have stopped in the meantime, and nobody would end it.
    if (this.#closed) await waiting.end();
    return (await waiting.describe(candidate, { limitMs, unanswered })) as PluginDescription;
  }

  #start(plugin: string): WaitingProcess {
    for (const waiting of this.#started) if (!waiting.waits) this.#started.delete(waiting);
    const waiting = new WaitingProcess({ ...this.#child, plugin });
    this.#started.add(waiting);
    return waiting;
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
        if (!this.#spare?.waits) this.#spare = this.#start('the next one');
      } catch {
        // The plugin that would have taken it says so, when there is one.
      }
    });
  }
}

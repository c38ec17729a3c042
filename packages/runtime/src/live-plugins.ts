import { type BackplaneError, type Clock, messageOf } from '@backplane/base';
import type { Change } from '@backplane/kernel';
import { placeInText } from '@backplane/loader';
import type { Logger } from '@backplane/plugin-api';
import type { ChangeReport, StepReport } from '@backplane/ports';
import { createFileWatcher, type FileBatch, type FileWatcher } from '@backplane/watch';
import { namesOf } from './loaded-plugin.ts';
import type { PluginLibrary } from './plugin-library.ts';
import { realFolder } from './real-folder.ts';

/** What became of one plugin when files were saved. */
export interface LiveChange {
  readonly plugin: string;
  readonly action: StepReport['action'];
  /** `returned`: the version before serves on. `failed`: nothing serves. */
  readonly outcome: StepReport['outcome'];
  readonly fromVersion: string | undefined;
  readonly toVersion: string | undefined;
  /** Why it is not live, with file and line where the code is at fault. */
  readonly problem: string | undefined;
  /** Why it no longer runs though its files are there. */
  readonly stopped: string | undefined;
  /** The lines around the place that is at fault, the one meant marked. */
  readonly frame: string | undefined;
  /** Milliseconds from the first look at the files to the swap. */
  readonly tookMs: number;
}

export interface LivePluginsOptions {
  readonly folders: readonly string[];
  readonly library: PluginLibrary;
  /** Reads a change and applies it, as often as it takes until nobody was faster. */
  apply(read: () => Promise<Change | undefined>): Promise<ChangeReport | undefined>;
  /** Why a plugin is in the state that it is in; `undefined` where it is not known. */
  reasonOf(name: string): string | undefined;
  readonly logger: Logger;
  readonly onLive: ((change: LiveChange) => void) | undefined;
  readonly clock: Clock;
}

/** Makes what runs follow the files, one batch of changes after the other, each as one generation. */
export class LivePlugins {
  readonly #options: LivePluginsOptions;
  #watcher: FileWatcher | undefined;

  constructor(options: LivePluginsOptions) {
    this.#options = options;
  }

  /** Resolves when every file is watched. */
  async start(): Promise<void> {
    const { folders, clock, logger, library } = this.#options;
    this.#watcher = createFileWatcher({
      folders: folders.map(realFolder),
      clock,
      onChange: (batch) => this.#follow(batch),
      onError: (error) => logger.warn(error.message, { error }),
    });
    this.#watcher.follow(library.files());
    await this.#watcher.ready;
  }

  async stop(): Promise<void> {
    await this.#watcher?.close();
  }

  async #follow({ paths, structural }: FileBatch): Promise<void> {
    const { apply, clock, logger } = this.#options;
    const began = clock.monotonic();
    const errorOf = new Map<string, BackplaneError>();
    try {
      const report = await apply(this.#reading(paths, structural, errorOf));
      const tookMs = clock.monotonic() - began;
      for (const step of report?.steps ?? []) this.#tell(step, tookMs, errorOf.get(step.name));
    } catch (error) {
      logger.error(`The changed files are not live: ${messageOf(error)}`, { error });
    }
  }

  /** What a first look has found to be gone, or to be replaced, a second one does not see. */
  #reading(
    paths: ReadonlySet<string>,
    structural: boolean,
    errorOf: Map<string, BackplaneError>,
  ): () => Promise<Change | undefined> {
    const { library } = this.#options;
    const left = new Set<string>();
    const forced = new Set<string>();
    return async () => {
      const loaded = await library.changed(paths, structural);
      const { plugins, refusals, disabled, gone, force } = loaded;
      this.#watcher?.follow(library.files());
      for (const name of gone) left.add(name);
      for (const name of namesOf(loaded)) left.delete(name);
      for (const name of force) forced.add(name);
      errorOf.clear();
      for (const { name, error } of refusals) errorOf.set(name, error);
      if (plugins.length + refusals.length + disabled.length + left.size === 0) return undefined;
      return {
        set: plugins,
        refuse: refusals,
        disable: disabled,
        remove: [...left],
        force: [...forced],
        reason: 'Its files have changed.',
      };
    };
  }

  #tell(step: StepReport, tookMs: number, error: BackplaneError | undefined): void {
    const { action, outcome, fromVersion, toVersion, failure } = step;
    const change: LiveChange = {
      plugin: step.name,
      action,
      outcome,
      fromVersion,
      toVersion,
      problem: outcome === 'applied' ? undefined : (failure?.message ?? step.reason),
      stopped: action === 'remove' ? this.#options.reasonOf(step.name) : undefined,
      frame: outcome === 'applied' ? undefined : this.#frame(error, failure?.stack ?? ''),
      tookMs,
    };
    if (this.#options.onLive) this.#options.onLive(change);
    else this.#options.logger.info(liveLine(change));
  }

  /** Of what the compiler found, or of the first place in the stack that is the author's. */
  #frame(error: BackplaneError | undefined, stack: string): string | undefined {
    const { problems = [], at } = (error?.details ?? {}) as {
      readonly problems?: readonly (string | { readonly frame?: string })[];
      readonly at?: { readonly frame: string };
    };
    const frames = problems.flatMap((problem) => (typeof problem === 'object' ? (problem.frame ?? []) : []));
    if (frames.length > 0) return frames.join('\n\n');
    return at?.frame ?? placeInText(stack, new Set(this.#options.library.files()))?.frame;
  }
}

/** What a person reads of a change, without its problem. */
export function liveLine({ plugin, action, outcome, fromVersion, toVersion, stopped, tookMs }: LiveChange): string {
  if (outcome === 'returned' && action === 'reconfigure')
    return `${plugin} ${toVersion} serves on as it was; it refused its new configuration`;
  if (outcome === 'returned') return `${plugin} ${fromVersion ?? ''} serves on; the new version does not run`;
  if (outcome === 'failed') return `${plugin} does not run`;
  if (action === 'keep') return `${plugin} ${toVersion} serves on; what was wrong is mended`;
  if (stopped !== undefined) return `${plugin} ${fromVersion ?? ''} no longer runs: ${stopped}`;
  if (action === 'remove') return `${plugin} ${fromVersion ?? ''} is gone`;
  if (action === 'reconfigure')
    return `${plugin} ${toVersion} has its new configuration, after ${Math.round(tookMs)} ms`;
  const versions = action === 'add' ? `${toVersion} runs` : `${fromVersion} → ${toVersion}`;
  return `${plugin} ${versions}, after ${Math.round(tookMs)} ms`;
}

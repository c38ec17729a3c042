import { basename, relative, sep } from 'node:path';
import { type BackplaneError, type Clock, type ClockTimer, messageOf, systemClock } from '@backplane/base';
import { watch } from 'chokidar';
import { errors } from './errors.ts';

/** What has changed since the last batch. */
export interface FileBatch {
  /** Absolute. */
  readonly paths: ReadonlySet<string>;
  /** True when files or folders came or went; false when only contents changed. */
  readonly structural: boolean;
}

export interface FileWatcherOptions {
  /** Watched with all that lies in them, also when they are made later. Absolute. */
  readonly folders: readonly string[];
  /** One batch at a time: the next is given when the promise has settled, and holds all that came meanwhile. */
  readonly onChange: (batch: FileBatch) => Promise<void>;
  readonly onError: (error: BackplaneError) => void;
  /** Milliseconds without a change after which a batch is given: a `git checkout` is one change. Default 30. */
  readonly quietMs?: number;
  /** Milliseconds after which it is given although changes go on. Default 300. */
  readonly longestMs?: number;
  readonly clock?: Clock;
}

/** Watches folders, and single files anywhere. */
export interface FileWatcher {
  /** Resolves when everything there is, is watched. */
  readonly ready: Promise<void>;
  /** The single files to watch besides the folders; those of the last call that are not named again are let go. */
  follow(files: Iterable<string>): void;
  /** Resolves when nothing is watched and no batch is being worked on. */
  close(): Promise<void>;
}

const PASSED_OVER: ReadonlySet<string> = new Set(['node_modules', '.git', '.hg', '.svn']);
/** What editors write beside a file: swap files, backups, and the probe that says whether a folder may be written to. */
const EDITORS_OWN = /^\.|~$|^4913$|\.sw[a-p]$|\.tmp$|^#.*#$/;

/** Begins to watch. What is in `node_modules`, and what begins with a dot, is passed over. */
export function createFileWatcher(options: FileWatcherOptions): FileWatcher {
  const { folders, clock = systemClock } = options;
  const below = (path: string) => folders.some((folder) => path === folder || path.startsWith(folder + sep));
  const batches = new Batches(options, clock);
  const watcher = watch([...folders], {
    ignoreInitial: true,
    ignored: (path) => folders.some((folder) => path.startsWith(folder + sep) && isPassedOver(relative(folder, path))),
  });
  const ready = new Promise<void>((resolve) => watcher.once('ready', resolve));
  watcher.on('all', (event, path) => batches.add(path, event !== 'change'));
  watcher.on('error', (thrown) => options.onError(watchError(thrown, folders)));
  let followed = new Set<string>();
  return {
    ready,
    follow(files) {
      const wanted = new Set([...files].filter((file) => !below(file)));
      const gone = [...followed].filter((file) => !wanted.has(file));
      const come = [...wanted].filter((file) => !followed.has(file));
      followed = wanted;
      if (gone.length > 0) watcher.unwatch(gone);
      if (come.length > 0) watcher.add(come);
    },
    async close() {
      await watcher.close();
      await batches.close();
    },
  };
}

const isPassedOver = (path: string): boolean =>
  path.split(sep).some((segment) => PASSED_OVER.has(segment)) || EDITORS_OWN.test(basename(path));

function watchError(thrown: unknown, folders: readonly string[]): BackplaneError {
  const { code, path = folders.join(', ') } = thrown as { readonly code?: string; readonly path?: string };
  if (code === 'ENOSPC' || code === 'EMFILE') return errors.BP_WATCH_LIMIT({ path }, { cause: thrown });
  return errors.BP_WATCH_FAILED({ path, reason: messageOf(thrown) }, { cause: thrown });
}

/** Gathers changes until it is quiet. */
class Batches {
  readonly #options: FileWatcherOptions;
  readonly #clock: Clock;
  #paths = new Set<string>();
  #structural = false;
  #quiet: ClockTimer | undefined;
  #longest: ClockTimer | undefined;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(options: FileWatcherOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  add(path: string, structural: boolean): void {
    if (this.#closed) return;
    this.#paths.add(path);
    this.#structural ||= structural;
    const { quietMs = 30, longestMs = 300 } = this.#options;
    this.#quiet?.cancel();
    this.#quiet = this.#clock.after(quietMs, this.#give);
    this.#longest ??= this.#clock.after(longestMs, this.#give);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#disarm();
    await this.#working;
  }

  readonly #give = (): void => {
    this.#disarm();
    if (this.#working !== undefined || this.#paths.size === 0) return;
    const batch: FileBatch = { paths: this.#paths, structural: this.#structural };
    this.#paths = new Set();
    this.#structural = false;
    this.#working = this.#options
      .onChange(batch)
      .catch((thrown) =>
        this.#options.onError(
          errors.BP_WATCH_FAILED({ path: [...batch.paths].join(', '), reason: messageOf(thrown) }, { cause: thrown }),
        ),
      )
      .finally(() => {
        this.#working = undefined;
        if (!this.#closed) this.#give();
      });
  };

  #disarm(): void {
    this.#quiet?.cancel();
    this.#longest?.cancel();
    this.#quiet = undefined;
    this.#longest = undefined;
  }
}

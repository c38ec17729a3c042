import { realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { type Clock, messageOf, systemClock, withTimeLimit } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import type { CodeLedger, EffectLedger, OpenLedger } from '@backplane/ports';
import type { Bundle } from './bundle.ts';
import { BundleCache } from './bundle-cache.ts';
import { makeBundle, type Witnessed } from './bundler.ts';
import { Compiler, TARGET } from './compiler.ts';
import { loaderErrors } from './errors.ts';
import { evaluate, type FunctionMaker, type MissingExport, missingExports } from './evaluate.ts';
import { functionFromFile, functionFromText, mayMakeCode } from './function-maker.ts';
import { digestOf, NativeImports } from './native-import.ts';
import { type Namespace, type SharedList, SharedModules } from './shared-modules.ts';
import { recheckAll } from './witness.ts';

export interface LoaderOptions {
  /** Where bundles are kept. Made when needed, readable by the owner alone: what lies there is run. */
  readonly cacheDir: string;
  /** What plugins share with the host besides Node's builtins: exact specifiers, and how the host imports each. */
  readonly shared: SharedList;
  /**
   * `bundle` (the default): a plugin and its own packages as one function, replaced without a leak. `native`: Node's own import, for tests
   * and debuggers; replaced only where the entry itself changed, and never collected.
   */
  readonly mode?: 'bundle' | 'native';
  /** Conditions for the `exports` of the plugins' own packages, besides `import`, `require`, `node` and `default`. */
  readonly conditions?: readonly string[];
  readonly logger?: Logger;
  /** Opens a ledger for each evaluation, of what the code makes. `bundle` only. */
  readonly openLedger?: OpenLedger;
  /** Longest time for a plugin's top-level code, in milliseconds. Default 30,000. `bundle` only. */
  readonly evaluationMs?: number;
  /** Measures `evaluationMs`, and decides when the compiler forgets what it has parsed: after 10 s without a change. */
  readonly clock?: Clock;
}

export interface LoadedModule {
  /** A live namespace object. */
  readonly exports: Namespace;
  /** Names the content: the same inputs give the same digest, on any machine; any change of an input, own packages included, another. */
  readonly digest: string;
  /** Absolute paths of the files that went in, for a watcher. */
  readonly inputs: readonly string[];
  /** False where Node keeps the module for ever; then a reload costs memory. */
  readonly collectable: boolean;
  /** What the code makes and has not given up. Whoever drops the module closes it. */
  readonly ledger: EffectLedger | undefined;
}

export interface Loader {
  /**
   * Evaluates the entry file as it is now. Each call evaluates anew; compiling is done once for the same content, also across processes.
   * @throws BP_PLUGIN_ENTRY_NOT_FOUND, BP_PLUGIN_FILE_UNSUPPORTED, BP_PLUGIN_SYNTAX, BP_PLUGIN_IMPORT_NOT_FOUND, BP_PLUGIN_EVALUATION,
   * BP_PLUGIN_EVALUATION_TIMEOUT, BP_PLUGIN_UNSETTLED, BP_NATIVE_ADDON_CHANGED, BP_SHARED_UNAVAILABLE, BP_LOADER_CLOSED
   */
  load(entryPath: string): Promise<LoadedModule>;
  /**
   * Compiles the entry file as it is now and keeps that, so that nobody with the same cache need do so again. Nothing of it is run.
   * Gives the digest that `load` would give.
   * @throws BP_PLUGIN_ENTRY_NOT_FOUND, BP_PLUGIN_FILE_UNSUPPORTED, BP_PLUGIN_SYNTAX, BP_PLUGIN_IMPORT_NOT_FOUND, BP_LOADER_CLOSED
   */
  prepare(entryPath: string): Promise<string>;
  /**
   * Ends the compiler. What was loaded goes on working. Calling it again does nothing. Without it, a process that has compiled one entry
   * twice is kept alive up to 10 s.
   */
  close(): Promise<void>;
}

export function createLoader(options: LoaderOptions): Loader {
  return options.mode === 'native' ? new NativeLoader() : new BundleLoader(options);
}

class BundleLoader implements Loader {
  readonly #shared: SharedModules;
  readonly #sharedNames: readonly string[];
  readonly #compiler: Compiler;
  readonly #cache: BundleCache;
  readonly #logger: Logger | undefined;
  readonly #openLedger: OpenLedger | undefined;
  readonly #collectable = mayMakeCode();
  readonly #make: FunctionMaker;
  readonly #clock: Clock;
  readonly #evaluationMs: number;
  /** One entry is compiled by one load at a time; the next looks at what the one before left. */
  readonly #busy = new Map<string, Promise<unknown>>();
  readonly #compiled = new Set<string>();
  #closed: Promise<void> | undefined;

  constructor(options: LoaderOptions) {
    const { cacheDir, shared, conditions = [], logger, evaluationMs = 30_000, clock = systemClock } = options;
    this.#clock = clock;
    this.#evaluationMs = evaluationMs;
    this.#shared = new SharedModules(shared);
    this.#sharedNames = Object.keys(shared).sort();
    this.#compiler = new Compiler(this.#sharedNames, conditions, clock);
    this.#cache = new BundleCache(cacheDir, [VERSIONS, FORMAT, TARGET, this.#sharedNames, conditions]);
    this.#logger = logger;
    this.#openLedger = options.openLedger;
    this.#make = this.#collectable
      ? functionFromText
      : functionFromFile(({ entry, digest }) => join(`${this.#cache.fileOf(entry)}.${digest.slice(0, 16)}.mjs`));
  }

  async prepare(entryPath: string): Promise<string> {
    if (this.#closed !== undefined) throw loaderErrors.BP_LOADER_CLOSED({ entry: entryPath });
    const entry = await entryFile(entryPath);
    return (await this.#alone(entry, () => this.#bundleOf(entry))).digest;
  }

  async load(entryPath: string): Promise<LoadedModule> {
    if (this.#closed !== undefined) throw loaderErrors.BP_LOADER_CLOSED({ entry: entryPath });
    const entry = await entryFile(entryPath);
    const bundle = await this.#alone(entry, () => this.#bundleOf(entry));
    const missing = await missingExports(bundle, this.#shared);
    if (missing.length > 0) return this.#refuse(bundle, missing);
    const ledger = this.#openLedger?.(entry);
    const exports = await this.#run(bundle, ledger);
    return { exports, digest: bundle.digest, inputs: bundle.inputs, collectable: this.#collectable, ledger };
  }

  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#busy.values()).then(() => this.#compiler.close());
    return this.#closed;
  }

  async #run(bundle: Bundle, ledger: CodeLedger | undefined): Promise<Namespace> {
    const limitMs = this.#evaluationMs;
    const { entry } = bundle;
    try {
      return await withTimeLimit(
        this.#clock,
        limitMs,
        () => evaluate(bundle, this.#shared, this.#make, ledger, this.#collectable),
        () => loaderErrors.BP_PLUGIN_EVALUATION_TIMEOUT({ entry, limitMs }),
      );
    } catch (error) {
      for (const held of (await ledger?.close(() => {})) ?? [])
        this.#logger?.warn('Code that could not be evaluated left something behind', { entry, ...held });
      throw error;
    }
  }

  async #alone<T>(entry: string, work: () => Promise<T>): Promise<T> {
    const turn = (async () => {
      await this.#busy.get(entry)?.catch(() => undefined);
      return work();
    })();
    this.#busy.set(entry, turn);
    try {
      return await turn;
    } finally {
      if (this.#busy.get(entry) === turn) this.#busy.delete(entry);
    }
  }

  async #bundleOf(entry: string): Promise<Bundle> {
    const cached = this.#cache.read(entry);
    const checked = cached && recheckAll(cached.witnesses);
    if (cached !== undefined && checked !== undefined && checked.state !== 'changed') {
      if (checked.state === 'touched') await this.#keep({ bundle: cached.bundle, witnesses: checked.witnesses });
      return cached.bundle;
    }
    // What the compiler remembers it trusts by size and time of modification.
    if (checked?.state === 'changed' && checked.hidden) await this.#compiler.forget(entry);
    // The first time may be the only one; whoever comes back is being worked on.
    const again = this.#compiled.has(entry);
    this.#compiled.add(entry);
    const made = await makeBundle(entry, this.#compiler, { again, logger: this.#logger });
    await this.#keep(made);
    return made.bundle;
  }

  async #keep(witnessed: Witnessed): Promise<void> {
    try {
      await this.#cache.write(witnessed);
    } catch (error) {
      this.#logger?.warn('A bundle could not be kept; it will be made again at the next start', {
        entry: witnessed.bundle.entry,
        error,
      });
    }
  }

  async #refuse({ entry }: Bundle, missing: readonly MissingExport[]): Promise<never> {
    const exportsOf = new Map(
      missing.map(({ specifier }) => [specifier, Object.keys(this.#shared.loaded(specifier) ?? {})]),
    );
    await this.#compiler.explain(entry, exportsOf);
    const problems = missing.map(({ specifier, name }) => ({
      text: `No matching export in "${specifier}" for import "${name}"`,
    }));
    throw loaderErrors.BP_PLUGIN_IMPORT_NOT_FOUND({ entry, problems: problems as [(typeof problems)[number]] });
  }
}

class NativeLoader implements Loader {
  readonly #imports = new NativeImports();
  #closed = false;

  async load(entryPath: string): Promise<LoadedModule> {
    if (this.#closed) throw loaderErrors.BP_LOADER_CLOSED({ entry: entryPath });
    const entry = await entryFile(entryPath);
    return { ...(await this.#imports.load(entry)), inputs: [entry], collectable: false, ledger: undefined };
  }

  async prepare(entryPath: string): Promise<string> {
    return digestOf(await entryFile(entryPath));
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

const ENTRY = /^\.[cm]?[jt]s$/;

/** Real, so that one file reached by two names is one entry. */
async function entryFile(path: string): Promise<string> {
  if (!ENTRY.test(extname(path))) throw loaderErrors.BP_PLUGIN_FILE_UNSUPPORTED({ entry: path });
  try {
    return await realpath(path);
  } catch (cause) {
    throw loaderErrors.BP_PLUGIN_ENTRY_NOT_FOUND({ entry: path, reason: messageOf(cause) }, { cause });
  }
}

const require = createRequire(import.meta.url);
/** Raised when bundles are made or called in another way. */
const FORMAT = 4;
/** A bundle made by another version of either is made again. */
const VERSIONS = [require('../package.json').version, require('esbuild/package.json').version];

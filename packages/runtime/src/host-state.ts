import { hostname } from 'node:os';
import { join } from 'node:path';
import type { BackplaneError, Clock } from '@backplane/base';
import type { ConfigLayer, ConfigSource } from '@backplane/config';
import { SecretShelf, StateDesk } from '@backplane/desired-state';
import type { Change, Kernel } from '@backplane/kernel';
import type { Logger } from '@backplane/plugin-api';
import type {
  Administration,
  AnswerBook,
  AuditEntry,
  AuditLog,
  Catalogue,
  ChangeDesk,
  ChangeReport,
  KeySigner,
  LogBook,
  OperationBook,
  WantedState,
} from '@backplane/ports';
import {
  createAnswerBook,
  createAuditLog,
  createAuditTrail,
  createCatalogue,
  createLogStore,
  createOperationBook,
  createStateRepository,
} from '@backplane/store';
import type { Logging } from '@backplane/telemetry';
import { SealedValue } from '@backplane/wire';
import { follow } from './follow-state.ts';
import { HostAdministration } from './host-administration.ts';
import type { HostStore } from './host-store.ts';
import { KnownFacts } from './known-facts.ts';
import { OfflineTarget } from './offline-target.ts';
import { PluginEpochs } from './plugin-epochs.ts';
import type { PluginLibrary } from './plugin-library.ts';
import type { PluginReader } from './plugin-reader.ts';
import { SchemaBook } from './schema-book.ts';
import { StateTarget } from './state-target.ts';
import { StoredHooks } from './stored-hooks.ts';

export interface HostStateOptions {
  readonly kept: HostStore;
  readonly kernel: Kernel;
  readonly library: PluginLibrary;
  readonly reader: PluginReader;
  readonly configs: ConfigSource;
  readonly signer: KeySigner;
  readonly logging: Logging;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly dataDir: string;
  /** Names this host among those that share a database. */
  readonly node: string | undefined;
  /** No plugin runs: changes are kept for the next start. */
  readonly offline: boolean;
  readonly pluginPaths: readonly string[];
  /** What programs configure, below what is desired. */
  readonly layersBelow: (plugin: string) => readonly ConfigLayer[];
  /** What plugins add over the files. */
  readonly loaded: { of(plugin: string): readonly ConfigLayer[] };
  /** What is told of the host's settings. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What is to run, and all that is kept of it and of who changed it. */
export interface HostState {
  readonly desk: ChangeDesk;
  readonly answers: AnswerBook;
  readonly operations: OperationBook;
  readonly administration: Administration;
  readonly audit: AuditLog;
  readonly logs: LogBook;
  /** The state that configuration is read under. */
  visible(): WantedState;
  /** What lies over the files for a plugin, under what is to run or another state. */
  layersOf(state?: WantedState): (plugin: string) => readonly ConfigLayer[];
  /** Rows as of now. */
  catalogue(): Promise<Catalogue>;
  /** Makes a change that no desired state asks for, such as one of files, and tells the audit trail. */
  apply(change: Change): Promise<ChangeReport>;
  readonly epochs: PluginEpochs;
  /** A change was made. */
  note(report: ChangeReport): void;
  /** Reads what is to run. @throws BP_SECRET_SEALED */
  open(): Promise<void>;
  /** No change is begun any more. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Where copies of what was installed lie. */
export const installedIn = (dataDir: string): string => join(dataDir, 'installed');

/** Answers to writes are kept for a day, for whoever asks again. */
const ANSWERS_KEPT_MS = 86_400_000;

/** Opens all that a host keeps of what is to run. @throws whatever the audit trail cannot be opened for */
export async function openHostState(options: HostStateOptions): Promise<HostState> {
  const { kept, kernel, library, reader, configs, signer, logging, logger, clock, dataDir, layersBelow, loaded } =
    options;
  const { store } = kept;
  const now = () => clock.now();
  const node = options.node ?? (store.kind === 'libsql' ? 'host' : hostname());
  const anchorFile = join(dataDir, 'audit', 'heads.jsonl');
  const report = (problem: BackplaneError) => logger.error(problem.message, { error: problem });
  const logs = createLogStore({ store, clock, report });
  logging.attach(logs.sink);
  const trail = await createAuditTrail({
    store,
    node,
    signer,
    anchorFile,
    clock,
    // Whatever comes here has been told without secrets already.
    redact: (value) => value,
    report,
  }).catch(async (error: unknown) => {
    await logs.close();
    throw error;
  });
  const audit = createAuditLog({ store, trail, anchorFile });
  const repository = createStateRepository(store, {
    now,
    audit: async (transaction, entry) => void (await trail.recordIn(transaction, entry)),
  });
  const shelf = new SecretShelf(kept.box, repository);
  const epochs = new PluginEpochs();
  const schemas = new SchemaBook(kernel);
  const layersOf = (state?: WantedState) => (plugin: string) => [
    ...layersBelow(plugin),
    ...loaded.of(plugin),
    ...[desk.layerOf(plugin, state) ?? []].flat(),
  ];
  const target = new StateTarget({ kernel, library, reader, configs, schemas, epochs, layersUnder: layersOf });
  const stored = new StoredHooks(kernel);
  const desk: StateDesk = new StateDesk({
    repository,
    shelf,
    target: options.offline ? new OfflineTarget(target) : target,
    shared: store.kind === 'postgres' && !options.offline,
    now,
    onBehind: (behind) => {
      if (behind === undefined) logger.info('What is to run runs here again.');
      else
        logger.error(
          `Revision ${behind.revision} does not run on this host, which runs on as before: ${behind.reason}`,
          {
            revision: behind.revision,
          },
        );
    },
    sealed: (reveal) => new SealedValue(reveal),
    onVisible: (state) => stored.follow(state),
    onReturned: (message) => {
      logger.warn(message);
      facts.changed();
    },
  });
  const facts = new KnownFacts({
    kernel,
    catalogue: createCatalogue(store, now),
    schemas,
    state: () => desk.visible,
    shared: store.kind === 'postgres',
    clock,
    onFailed: (error) =>
      logger.warn('The rows of plugins could not be written; they are written with the next change.', { error }),
  });
  const { pluginPaths } = options;
  const installed = installedIn(dataDir);
  const administration = new HostAdministration({
    ...{ kernel, configs, library, logging, kept, shelf, clock, pluginPaths, installed },
    facts: { node, ...options.facts },
  });
  const following = store.kind === 'postgres' && !options.offline ? follow(desk, clock, logger) : undefined;
  const answers = createAnswerBook(store, now);
  const operations = createOperationBook(store, now);
  const tell = (entry: AuditEntry) =>
    trail.record(entry).catch((error: unknown) => logger.error('A change is not in the audit trail.', { error }));

  return {
    desk,
    answers,
    operations,
    administration,
    audit,
    logs,
    epochs,
    layersOf,
    visible: () => desk.visible,
    catalogue: () => facts.read(),
    async apply(change) {
      const report = await kernel.apply(change);
      if (report.steps.length > 0) void tell(entryOf(node, change, report));
      return report;
    },
    note(report) {
      administration.note(report);
      facts.changed();
    },
    async open() {
      await desk.open();
      await facts.open();
      await operations.endAbandoned();
      await answers.sweep(now() - ANSWERS_KEPT_MS);
    },
    async settled() {
      following?.[Symbol.dispose]();
      await desk.settled();
    },
    async close() {
      following?.[Symbol.dispose]();
      await facts.settled().catch(() => {});
      await trail.close();
      await logs.close();
    },
  };
}

function entryOf(node: string, { reason = '' }: Change, { steps, generation }: ChangeReport): AuditEntry {
  return {
    actor: 'host',
    origin: node,
    action: 'plugins.change',
    target: steps
      .map(({ name }) => name)
      .sort()
      .join(', '),
    after: {
      reason,
      generation,
      steps: steps.map(({ name, action, outcome, fromVersion, toVersion }) => {
        return { plugin: name, action, outcome, from_version: fromVersion ?? null, to_version: toVersion ?? null };
      }),
    },
  };
}

import type { BackplaneError } from '@backplane/base';
import type { Handover } from '@backplane/plugin-api';
import type { GenerationPart, PluginData } from '@backplane/ports';
import { errors } from '../errors.ts';
import type { Resolution } from '../graph/resolve-graph.ts';
import { runInOrder } from '../graph/run-in-order.ts';
import { normalizeHealth } from '../health/normalize-health.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { runStep } from '../lifecycle/run-step.ts';
import type { Candidate, Entry } from './candidate.ts';
import { discard } from './retirement.ts';
import { type HandoverOptions, resume, takeHandover } from './take-handover.ts';
import type { ViewTable } from './view-table.ts';

/** What a transition needs of the kernel. */
export interface TransitionHost extends HandoverOptions {
  readonly parts: readonly GenerationPart<unknown>[];
  /** True on a running host, where routes are built before the swap; at boot they are built afterwards. */
  readonly warm: boolean;
  /** What the plugins that run now depend on. */
  readonly runningEdges: Resolution['edges'];
  create(entry: Entry): Instance;
  entered(name: string, phase: 'initializing' | 'starting'): void;
}

const asFailure = (thrown: unknown): BackplaneError => thrown as BackplaneError;

/** Brings the new instances of a candidate to life: prepare, then activate. Every failure is put into the candidate and undone. */
export class Transition {
  readonly #host: TransitionHost;
  readonly #candidate: Candidate;
  readonly #views: ViewTable;
  readonly #handovers: Map<string, Handover>;
  /** Plugins that were stopped first. */
  readonly #stopped: ReadonlySet<string>;
  readonly #quiesced = new Set<Instance>();
  /** Entries with a new instance, dependencies first. */
  readonly #made = new Set<Entry>();
  /** Instances that are out of the candidate and still to be undone, dependencies first, and whether they were started. */
  readonly #dropped = new Map<Instance, boolean>();

  /** `handovers` holds what instances that were stopped first have left. */
  constructor(host: TransitionHost, candidate: Candidate, views: ViewTable, handovers: Map<string, Handover>) {
    this.#host = host;
    this.#candidate = candidate;
    this.#views = views;
    this.#handovers = handovers;
    this.#stopped = new Set(handovers.keys());
  }

  /** Initializes what is new. Nothing that serves is touched. */
  async prepare(names: Iterable<string>): Promise<void> {
    await this.#inOrder(new Set(names), (entry) => this.#prepare(entry));
    await this.settle();
  }

  /** Quiesces what is replaced and starts what was prepared; what fails leaves the old instance in its place, resumed. */
  async activate(): Promise<void> {
    const prepared = [...this.#made].filter((entry) => entry.progress === 'prepared');
    await Promise.all(prepared.map((entry) => this.#quiesceOld(entry)));
    await this.settle();
    await this.#inOrder(new Set(prepared.map((entry) => entry.name)), (entry) => this.#activate(entry));
    await this.settle();
  }

  /** Takes out what has failed by itself since its last step, and what cannot run without that. */
  async settle(): Promise<void> {
    for (const entry of this.#made) {
      const failure = entry.progress === 'none' ? undefined : entry.next?.failure;
      if (failure) this.#drop(entry, failure);
    }
    while (this.#dropUnrunnable() || this.#dropForStandIns());
    await this.#undoDropped();
  }

  /** Undoes everything, as if the change had never been asked for. */
  async abandon(reason: BackplaneError): Promise<void> {
    for (const entry of this.#made) if (entry.progress !== 'none') this.#drop(entry, reason);
    await this.#undoDropped();
  }

  #inOrder(names: ReadonlySet<string>, action: (entry: Entry) => Promise<void>): Promise<void> {
    const { order, edges } = this.#candidate.resolution;
    const data: PluginData[] = [];
    for (const name of order) {
      const entry = names.has(name) ? this.#candidate.entries.get(name) : undefined;
      if (entry) data.push(this.#candidate.dataOf(entry));
    }
    return runInOrder(
      data,
      (name) => edges.get(name) ?? [],
      (name) => action(this.#candidate.entries.get(name) as Entry),
    );
  }

  async #prepare(entry: Entry): Promise<void> {
    if (!this.#candidate.isRunnable(entry.name)) {
      // What was stopped first and fails is brought back, and this is tried again then.
      if (entry.old && !this.#waitsForStopped(entry.name)) this.#candidate.fail(entry, this.#whyNot(entry.name));
      return;
    }
    let instance: Instance | undefined;
    try {
      if (!entry.old) this.#host.entered(entry.name, 'initializing');
      const made = this.#host.create(entry);
      instance = made;
      await runStep(made, 'create', async () => made.createDriver());
      await runStep(made, 'initialize', async () => {
        const { migrations, replace } = made.data;
        // Before the plugin itself, and while the version before may still run.
        const alone = entry.old === undefined || replace === 'stop-first';
        if (migrations.length > 0) await made.database.sql.migrate(migrations, alone);
        await made.driver.initialize();
      });
      const services = made.data.provides.filter((id) => !made.services.has(id));
      if (services.length > 0) throw errors.BP_SERVICE_NOT_PROVIDED({ plugin: entry.name, services });
      if (this.#host.warm) {
        for (const part of this.#host.parts) {
          if (part.warm) await runStep(made, 'warm', async () => part.warm?.(made));
        }
      }
      made.phase = 'starting';
      entry.next = made;
      entry.progress = 'prepared';
      this.#made.delete(entry);
      this.#made.add(entry);
    } catch (error) {
      this.#candidate.fail(entry, asFailure(error));
      if (instance) await discard(instance, false);
    }
  }

  async #quiesceOld(entry: Entry): Promise<void> {
    const { old } = entry;
    if (!old) return;
    this.#quiesced.add(old);
    try {
      this.#handovers.set(entry.name, await takeHandover(old, this.#host));
    } catch (error) {
      this.#drop(entry, asFailure(error));
    }
  }

  async #activate(entry: Entry): Promise<void> {
    const instance = entry.next;
    if (entry.progress !== 'prepared' || !instance || !this.#candidate.isRunnable(entry.name)) return;
    try {
      if (instance.failure) throw instance.failure;
      if (!entry.old) this.#host.entered(entry.name, 'starting');
      instance.view = this.#views.of([instance], (from) => this.#candidate.reach(from));
      const handover = this.#handovers.get(entry.name) ?? { state: undefined, fromVersion: undefined };
      await runStep(instance, 'start', () => instance.driver.start(handover));
      entry.progress = 'activated';
      const health = normalizeHealth(await runStep(instance, 'health', () => instance.driver.health()));
      instance.lastHealth = health.status;
      if (health.status === 'unhealthy') {
        const { name: plugin, version } = instance.identity;
        const failed = health.checks
          .filter((check) => check.status === 'fail')
          .map((check) => check.message ?? check.name);
        throw errors.BP_PLUGIN_UNHEALTHY({
          plugin,
          version,
          message: health.message ?? failed.join('; '),
          report: health,
        });
      }
    } catch (error) {
      this.#drop(entry, asFailure(error));
    }
  }

  /** Takes out what was prepared or activated but lost something it depends on. */
  #dropUnrunnable(): boolean {
    let dropped = false;
    for (const entry of this.#made) {
      if (entry.progress === 'none' || this.#candidate.isRunnable(entry.name)) continue;
      this.#drop(entry, this.#whyNot(entry.name), entry.old === undefined);
      dropped = true;
    }
    return dropped;
  }

  #whyNot(name: string): BackplaneError {
    const { problems, blocked } = this.#candidate.resolution;
    const [cause = ''] = blocked.get(name)?.by ?? [];
    const reason = problems.get(name) ?? this.#candidate.entries.get(cause)?.failure;
    return reason ?? errors.BP_CHANGE_RETURNED({ plugins: [name] });
  }

  #waitsForStopped(name: string): boolean {
    const failed = (other: string) => this.#stopped.has(other) && this.#candidate.entries.get(other)?.failure;
    return [...this.#dependenciesOf(name)].some(failed);
  }

  /** A version that returns and cannot live with the new versions of what it depends on takes those back with it. */
  #dropForStandIns(): boolean {
    let dropped = false;
    for (const { name, failure, old, next } of this.#candidate.entries.values()) {
      if (!failure || !old || next !== old || this.#candidate.isRunnable(name)) continue;
      for (const other of this.#dependenciesOf(name)) {
        const entry = this.#candidate.entries.get(other);
        if (!entry?.old || entry.progress === 'none') continue;
        this.#drop(entry, errors.BP_CHANGE_RETURNED({ plugins: [name] }, { cause: failure }));
        dropped = true;
      }
    }
    return dropped;
  }

  /** All that a plugin depends on, in what runs now or in what is being made. */
  #dependenciesOf(name: string): Set<string> {
    const found = new Set<string>();
    const visit = (at: string) => {
      for (const edges of [this.#host.runningEdges, this.#candidate.resolution.edges]) {
        for (const next of edges.get(at) ?? []) found.add(next);
      }
    };
    visit(name);
    for (const next of found) visit(next);
    return found;
  }

  /** Takes the new instance out. With `blockedOnly` the plugin itself did not fail, and may run once its dependency does. */
  #drop(entry: Entry, failure: BackplaneError, blockedOnly = false): void {
    if (entry.next && entry.next !== entry.old) this.#dropped.set(entry.next, entry.progress === 'activated');
    entry.progress = 'none';
    if (blockedOnly) entry.next = undefined;
    else this.#candidate.fail(entry, failure);
  }

  /** Undoes what was dropped, dependents first, and lets what stands in for it go on. */
  async #undoDropped(): Promise<void> {
    const doomed = [...this.#dropped].sort(([a], [b]) => this.#place(b) - this.#place(a));
    this.#dropped.clear();
    for (const [instance, wasStarted] of doomed) await discard(instance, wasStarted);
    for (const { old, next } of this.#candidate.entries.values()) {
      if (old && next === old && this.#quiesced.delete(old)) await resume(old);
    }
  }

  #place(instance: Instance): number {
    return [...this.#made].findIndex(({ name }) => name === instance.identity.name);
  }
}

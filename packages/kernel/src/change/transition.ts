import type { BackplaneError } from '@backplane/base';
import type { Handover } from '@backplane/plugin-api';
import type { GenerationPart, PluginData } from '@backplane/ports';
import { errors } from '../errors.ts';
import { runInOrder } from '../graph/run-in-order.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { normalizeHealth } from '../lifecycle/normalize-health.ts';
import { runStep } from '../lifecycle/run-step.ts';
import type { Candidate, Entry } from './candidate.ts';
import { discard } from './retirement.ts';
import type { ViewTable } from './view-table.ts';

/** What a transition needs of the kernel. */
export interface TransitionHost {
  readonly parts: readonly GenerationPart<unknown>[];
  /** True on a running host, where routes are built before the swap; at boot they are built afterwards. */
  readonly warm: boolean;
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
  readonly #quiesced = new Set<Instance>();

  /** `handovers` holds what instances that were stopped first have left. */
  constructor(host: TransitionHost, candidate: Candidate, views: ViewTable, handovers: Map<string, Handover>) {
    this.#host = host;
    this.#candidate = candidate;
    this.#views = views;
    this.#handovers = handovers;
  }

  /** Initializes what is new. Nothing that serves is touched. */
  async prepare(names: ReadonlySet<string>): Promise<void> {
    await this.#inOrder(names, (entry) => this.#prepare(entry));
    await this.#dropUnrunnable();
  }

  /** Quiesces what is replaced and starts what was prepared; what fails leaves the old instance in its place, resumed. */
  async activate(): Promise<void> {
    const prepared = [...this.#candidate.entries.values()].filter((entry) => entry.progress === 'prepared');
    await Promise.all(prepared.map((entry) => this.#quiesceOld(entry)));
    await this.#inOrder(new Set(prepared.map((entry) => entry.name)), (entry) => this.#activate(entry));
    await this.#dropUnrunnable();
    await this.#resumeReturned();
  }

  /** Undoes everything, as if the change had never been asked for. */
  async abandon(reason: BackplaneError): Promise<void> {
    for (const entry of [...this.#candidate.entries.values()].reverse()) {
      if (entry.progress !== 'none') await this.#drop(entry, reason);
    }
    await this.#resumeReturned();
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
    if (!this.#candidate.isRunnable(entry.name)) return;
    let instance: Instance | undefined;
    try {
      if (!entry.old) this.#host.entered(entry.name, 'initializing');
      const made = this.#host.create(entry);
      instance = made;
      await runStep(made, 'initialize', () => made.driver.initialize());
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
      const state = await runStep(old, 'quiesce', () => old.driver.quiesce());
      this.#handovers.set(entry.name, { state, fromVersion: old.identity.version });
    } catch (error) {
      await this.#drop(entry, asFailure(error));
    }
  }

  async #activate(entry: Entry): Promise<void> {
    const instance = entry.next;
    if (entry.progress !== 'prepared' || !instance || !this.#candidate.isRunnable(entry.name)) return;
    try {
      if (!entry.old) this.#host.entered(entry.name, 'starting');
      instance.view = this.#views.of([instance], (from) => this.#candidate.reach(from));
      const handover = this.#handovers.get(entry.name) ?? { state: undefined, fromVersion: undefined };
      await runStep(instance, 'start', () => instance.driver.start(handover));
      entry.progress = 'activated';
      const health = normalizeHealth(await runStep(instance, 'health', () => instance.driver.health()));
      if (health.status === 'unhealthy') {
        const { name: plugin, version } = instance.identity;
        const failed = health.checks
          .filter((check) => check.status === 'fail')
          .map((check) => check.message ?? check.name);
        throw errors.BP_PLUGIN_UNHEALTHY({ plugin, version, message: health.message ?? failed.join('; ') });
      }
    } catch (error) {
      await this.#drop(entry, asFailure(error));
    }
  }

  /** Takes out what was prepared or activated but lost something it depends on; dependents first. */
  async #dropUnrunnable(): Promise<void> {
    for (let dropped = true; dropped; ) {
      dropped = false;
      for (const entry of [...this.#candidate.entries.values()].reverse()) {
        if (entry.progress === 'none' || this.#candidate.isRunnable(entry.name)) continue;
        const { problems, blocked } = this.#candidate.resolution;
        const [cause] = blocked.get(entry.name)?.by ?? [];
        const reason = problems.get(entry.name) ?? this.#candidate.entries.get(cause ?? '')?.failure;
        await this.#drop(
          entry,
          reason ?? errors.BP_CHANGE_RETURNED({ plugins: [entry.name] }),
          entry.old === undefined,
        );
        dropped = true;
      }
    }
  }

  /** Throws the new instance away. With `blockedOnly` the plugin itself did not fail, and may run once its dependency does. */
  async #drop(entry: Entry, failure: BackplaneError, blockedOnly = false): Promise<void> {
    const instance = entry.next;
    const wasStarted = entry.progress === 'activated';
    entry.progress = 'none';
    if (blockedOnly) entry.next = undefined;
    else this.#candidate.fail(entry, failure);
    if (instance && instance !== entry.old) await discard(instance, wasStarted);
  }

  async #resumeReturned(): Promise<void> {
    for (const entry of this.#candidate.entries.values()) {
      const { old } = entry;
      if (!old || entry.next !== old || !this.#quiesced.delete(old)) continue;
      try {
        await runStep(old, 'resume', () => old.driver.resume());
      } catch (error) {
        old.fail(error);
      }
    }
  }
}

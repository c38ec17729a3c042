import type { BackplaneError } from '@backplane/base';
import type { PluginData } from '@backplane/ports';
import { type Resolution, resolveGraph } from '../graph/resolve-graph.ts';
import type { Instance } from '../lifecycle/instance.ts';
import type { DesiredPlugin } from '../lifecycle/plugin-record.ts';

/** A plugin within a change. */
export interface Entry {
  readonly name: string;
  desired: DesiredPlugin;
  /** What runs now. */
  readonly old: Instance | undefined;
  /** What is to run: `old` itself where nothing changes. */
  next: Instance | undefined;
  /** How far the new instance has come. */
  progress: 'none' | 'prepared' | 'activated';
  failure: BackplaneError | undefined;
}

/** The set of instances that is to become the next generation, while parts of it may still fail. */
export class Candidate {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly #hostServices: { has(id: string): boolean };
  readonly #withheld: ReadonlyMap<string, BackplaneError>;
  readonly #lazy: ReadonlySet<string>;
  #resolution: Resolution;

  constructor(
    entries: ReadonlyMap<string, Entry>,
    hostServices: { has(id: string): boolean },
    withheld: ReadonlyMap<string, BackplaneError>,
    resolution: Resolution,
  ) {
    this.entries = entries;
    this.#hostServices = hostServices;
    this.#withheld = withheld;
    this.#lazy = resolution.dormant;
    this.#resolution = resolution;
  }

  /** What can run, given what has failed so far. */
  get resolution(): Resolution {
    return this.#resolution;
  }

  /** Takes a failure into account: the old instance stands in for the new one, where there is an old one. */
  fail(entry: Entry, failure: BackplaneError): void {
    entry.failure ??= failure;
    entry.next = entry.old;
    entry.progress = 'none';
    this.#resolve();
  }

  /** Gives a plugin that has failed another thing to run. */
  revise(entry: Entry, desired: DesiredPlugin): void {
    entry.desired = desired;
    entry.failure = undefined;
    this.#resolve();
  }

  isRunnable(name: string): boolean {
    const { problems, blocked, dormant } = this.#resolution;
    return !problems.has(name) && !blocked.has(name) && !dormant.has(name);
  }

  /** The data that a plugin would run with. */
  dataOf(entry: Entry): PluginData {
    return entry.failure && entry.old ? entry.old.data : entry.desired.unit.data;
  }

  /** The instances that calls of `from` may reach directly. */
  reach(from: Instance): Instance[] {
    const reached: Instance[] = [];
    for (const name of this.#resolution.reach.get(from.identity.name) ?? []) {
      const instance = this.entries.get(name)?.next;
      if (instance && this.isRunnable(name)) reached.push(instance);
    }
    return reached;
  }

  /** Instances of the next generation, in start order. */
  instances(): Instance[] {
    return this.#resolution.order.flatMap((name) => this.entries.get(name)?.next ?? []);
  }

  #resolve(): void {
    const withheld = new Map(this.#withheld);
    const data = new Map<string, PluginData>();
    for (const entry of this.entries.values()) {
      data.set(entry.name, this.dataOf(entry));
      if (entry.failure && !entry.old) withheld.set(entry.name, entry.failure);
    }
    this.#resolution = resolveGraph(data, this.#hostServices, withheld, this.#lazy);
  }
}

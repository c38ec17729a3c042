import type { Clock } from '@backplane/base';
import type { GenerationDraft, GenerationPart, InstanceInfo, LeakReceipt, Unavailable } from '@backplane/ports';
import { invertEdges } from '../graph/invert-edges.ts';
import type { Resolution } from '../graph/resolve-graph.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { PluginRecord } from '../lifecycle/plugin-record.ts';
import { reasonOf } from '../lifecycle/reason-of.ts';
import { EMPTY_GENERATION, type Generation } from './generation.ts';
import { type Retirement, retire } from './retirement.ts';
import { ViewTable } from './view-table.ts';

/** More draining versions of one plugin than this, and the oldest is ended. */
const MAX_DRAINING = 3;
const RECEIPTS_KEPT = 100;

type Reach = (instance: Instance) => readonly Instance[];

/** Holds the one pointer to what runs, and sees those out who no longer belong to it. */
export class GenerationTable {
  readonly records = new Map<string, PluginRecord>();
  /** Of the last unloaded instances, newest last. */
  readonly receipts: LeakReceipt[] = [];
  readonly #clock: Clock;
  readonly #parts: readonly GenerationPart<unknown>[];
  readonly #hostServices: ReadonlyMap<string, object>;
  readonly #onReceipt: (receipt: LeakReceipt) => void;
  readonly #leaving = new Set<Promise<unknown>>();
  #current: Generation = EMPTY_GENERATION;

  constructor(options: {
    readonly clock: Clock;
    readonly parts: readonly GenerationPart<unknown>[];
    readonly hostServices: ReadonlyMap<string, object>;
    readonly onReceipt: (receipt: LeakReceipt) => void;
  }) {
    this.#clock = options.clock;
    this.#parts = options.parts;
    this.#hostServices = options.hostServices;
    this.#onReceipt = options.onReceipt;
  }

  get current(): Generation {
    return this.#current;
  }

  record(name: string): PluginRecord {
    let record = this.records.get(name);
    if (!record) {
      record = new PluginRecord(name, this.#clock.now());
      this.records.set(name, record);
    }
    return record;
  }

  /** A table for the views of the next generation. */
  openViews(): ViewTable {
    return new ViewTable(this.#current.id + 1, this.#clock, this.#hostServices, this.#current.views);
  }

  /**
   * Makes `instances` (in start order) the current generation, in one go. Gives those that no longer belong to it.
   * The records must say already what the plugins that are left out are waiting for.
   */
  commit(instances: readonly Instance[], resolution: Resolution, views: ViewTable, reach: Reach): Instance[] {
    const id = this.#current.id + 1;
    const next = new Map(instances.map((instance) => [instance.identity.name, instance]));
    views.restart();
    const own = instances.map((instance) => views.of([instance], reach));
    const draft: GenerationDraft = {
      id,
      instances,
      unavailable: this.#unavailable(next),
      view: (entries: readonly InstanceInfo[]) => views.of(entries as readonly Instance[], reach),
    };
    const previous = this.#current;
    const parts = new Map(this.#parts.map((part) => [part, part.build(draft, previous.parts.get(part))]));

    this.#current = Object.freeze({ id, instances: next, resolution, views: views.used, parts });
    for (const [index, instance] of instances.entries()) {
      instance.view = own[index] as NonNullable<(typeof own)[number]>;
      instance.phase = 'active';
      this.record(instance.identity.name).instance = instance;
    }
    for (const [name] of previous.instances) if (!next.has(name)) this.record(name).instance = undefined;
    for (const view of previous.views.values()) if (views.used.get(view.key) !== view) view.retire();
    views.retireUnused();
    return [...previous.instances.values()].filter((instance) => next.get(instance.identity.name) !== instance);
  }

  /** Sees instances out: dependents before what they depend on, later phases before earlier ones. `edges` are those they ran with. */
  seeOut(departed: readonly Instance[], edges: Resolution['edges'], drainMs?: number): Promise<void> {
    const leaving = new Map<string, Promise<unknown>>();
    const dependents = invertEdges(edges);
    const all: Promise<unknown>[] = [];
    let phase: string | undefined;
    let laterPhases: Promise<unknown> = Promise.resolve();
    for (const instance of [...departed].reverse()) {
      if (instance.data.phase !== phase) {
        laterPhases = Promise.all([...leaving.values()]);
        phase = instance.data.phase;
      }
      const { name } = instance.identity;
      const after: Promise<unknown>[] = [laterPhases];
      for (const dependent of dependents.get(name) ?? []) after.push(leaving.get(dependent) ?? laterPhases);
      const limit = Math.min(instance.data.limits.drain, drainMs ?? Number.POSITIVE_INFINITY);
      const done = this.#seeOut(retire(instance, this.#clock, limit, after));
      leaving.set(name, done);
      all.push(done);
    }
    return Promise.all(all).then(() => {});
  }

  /** Resolves when nobody is on the way out. */
  async drained(): Promise<void> {
    while (this.#leaving.size > 0) await Promise.all(this.#leaving);
  }

  async #seeOut(retirement: Retirement): Promise<void> {
    const record = this.record(retirement.instance.identity.name);
    record.draining.add(retirement);
    if (record.draining.size > MAX_DRAINING) [...record.draining][0]?.endNow();
    const gone = retirement.receipt.then((receipt) => {
      record.draining.delete(retirement);
      this.receipts.push(receipt);
      if (this.receipts.length > RECEIPTS_KEPT) this.receipts.shift();
      if (record.desired === undefined && record.draining.size === 0 && record.state.phase === 'stopped') {
        this.records.delete(record.name);
      }
      this.#onReceipt(receipt);
    });
    this.#leaving.add(gone);
    await gone;
    this.#leaving.delete(gone);
  }

  #unavailable(next: ReadonlyMap<string, Instance>): Unavailable[] {
    const list: Unavailable[] = [];
    for (const record of this.records.values()) {
      if (next.has(record.name) || record.state.phase === 'stopped') continue;
      list.push({
        name: record.name,
        aliases: record.desired?.unit.data.aliases ?? [],
        phase: record.state.phase,
        reason: reasonOf(record.state) || `The plugin is ${record.state.phase}.`,
        retryAt: record.state.phase === 'failed' ? record.state.retryAt : undefined,
        back: record.gap?.promise,
      });
    }
    return list;
  }
}

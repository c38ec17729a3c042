import { type Clock, messageOf } from '@backplane/base';
import type { GenerationDraft, GenerationPart, InstanceInfo, Unavailable } from '@backplane/ports';
import type { HostServices } from '../call/host-services.ts';
import { errors } from '../errors.ts';
import type { Resolution } from '../graph/resolve-graph.ts';
import type { KernelEvent } from '../kernel-event.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { PluginRecord } from '../lifecycle/plugin-record.ts';
import { reasonOf } from '../lifecycle/reason-of.ts';
import type { ResourceTable } from '../scope/resource-table.ts';
import { EMPTY_GENERATION, type Generation } from './generation.ts';
import { ReceiptBook } from './receipt-book.ts';
import { type Retirement, retire } from './retirement.ts';
import { UnitTable } from './unit-table.ts';
import { ViewTable } from './view-table.ts';

/** More draining versions of one plugin than this, and the oldest is ended. */
const MAX_DRAINING = 3;

type Reach = (instance: Instance) => readonly Instance[];

/** Holds the one pointer to what runs, and sees those out who no longer belong to it. */
export class GenerationTable {
  readonly records = new Map<string, PluginRecord>();
  readonly receipts: ReceiptBook;
  readonly units: UnitTable;
  readonly #clock: Clock;
  readonly #parts: readonly GenerationPart<unknown>[];
  readonly #hostServices: HostServices;
  readonly #onSwapped: () => void;
  readonly #wake: (name: string) => Promise<void>;
  readonly #leaving = new Set<Promise<void>>();
  /** Who is on the way out and may still call an instance, also from changes before the one that ends it. */
  readonly #leavingDependents = new WeakMap<Instance, Promise<void>[]>();
  readonly #instancesMade = new Map<string, number>();
  #current: Generation = EMPTY_GENERATION;

  constructor(options: {
    readonly clock: Clock;
    readonly parts: readonly GenerationPart<unknown>[];
    readonly hostServices: HostServices;
    readonly resources: ResourceTable;
    readonly onSwapped: () => void;
    /** Starts a dormant plugin. */
    readonly wake: (name: string) => Promise<void>;
    readonly onEvent: (event: KernelEvent) => void;
  }) {
    this.#clock = options.clock;
    this.#parts = options.parts;
    this.#hostServices = options.hostServices;
    this.#onSwapped = options.onSwapped;
    this.#wake = options.wake;
    this.receipts = new ReceiptBook(options.onEvent);
    this.units = new UnitTable(this.records, options.resources, ({ data }, instance, held) =>
      this.receipts.amend(data.name, data.version, instance, held),
    );
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

  /** Counts the instances of a plugin, also over its removal. */
  nextOrdinal(name: string): number {
    const ordinal = (this.#instancesMade.get(name) ?? 0) + 1;
    this.#instancesMade.set(name, ordinal);
    return ordinal;
  }

  /** A table for the views of the next generation. */
  openViews(): ViewTable {
    return new ViewTable(this.#current.id + 1, this.#clock, this.#hostServices, this.#current.views);
  }

  /**
   * Makes `instances` (in start order) the current generation, in one go. Gives those that no longer belong to it.
   * The records must say already what the plugins that are left out are waiting for.
   * @throws BP_GENERATION_NOT_BUILT; the current generation is what it was then.
   */
  commit(instances: readonly Instance[], resolution: Resolution, views: ViewTable, reach: Reach): Instance[] {
    const id = this.#current.id + 1;
    const next = new Map(instances.map((instance) => [instance.identity.name, instance]));
    views.restart();
    const own = instances.map((instance) => views.of([instance], reach));
    const draft = draftOf(id, instances, this.#unavailable(next), views, reach);
    const previous = this.#current;
    const parts = new Map(this.#parts.map((part) => [part, build(part, draft, previous)]));

    this.#current = Object.freeze({ id, instances: next, resolution, views: views.used, parts });
    for (const [index, instance] of instances.entries()) {
      instance.view = own[index];
      instance.phase = 'active';
      this.record(instance.identity.name).instance = instance;
    }
    for (const [name] of previous.instances) if (!next.has(name)) this.record(name).instance = undefined;
    for (const view of previous.views.values()) if (views.used.get(view.key) !== view) view.retire();
    views.retireUnused();
    this.#onSwapped();
    return [...previous.instances.values()].filter((instance) => next.get(instance.identity.name) !== instance);
  }

  /**
   * Sees instances out: dependents before what they depend on, later phases before earlier ones, each when it has quiesced. Resolves when all
   * are gone.
   */
  async seeOut(
    departed: readonly Instance[],
    quiescing: ReadonlyMap<Instance, Promise<void>> = new Map(),
  ): Promise<void> {
    const leaving: Promise<void>[] = [];
    let phase: string | undefined;
    let laterPhases: Promise<unknown> = Promise.resolve();
    for (const instance of [...departed].reverse()) {
      if (instance.data.phase !== phase) {
        laterPhases = Promise.all([...leaving]);
        phase = instance.data.phase;
      }
      const after = [laterPhases, quiescing.get(instance), ...(this.#leavingDependents.get(instance) ?? [])];
      const gone = this.#seeOut(retire(instance, this.#clock, instance.data.limits.drain, after));
      leaving.push(gone);
      for (const dependency of instance.view?.instances ?? []) {
        const known = this.#leavingDependents.get(dependency);
        if (known) known.push(gone);
        else this.#leavingDependents.set(dependency, [gone]);
      }
    }
    await Promise.all(leaving);
  }

  /** Ends what is in flight in all that are on the way out, in place of at their drain limits. */
  endDraining(): void {
    for (const record of this.records.values()) for (const retirement of record.draining) retirement.endNow();
  }

  /** Resolves when nobody is on the way out. */
  async drained(): Promise<void> {
    while (this.#leaving.size > 0) await Promise.all(this.#leaving);
  }

  #seeOut(retirement: Retirement): Promise<void> {
    const record = this.record(retirement.instance.identity.name);
    record.draining.add(retirement);
    for (const oldest of [...record.draining].slice(0, -MAX_DRAINING)) oldest.endNow();
    const gone = retirement.receipt.then(async (receipt) => {
      const left = await this.units.unloaded(retirement.instance);
      this.#leaving.delete(gone);
      record.draining.delete(retirement);
      this.receipts.add(left.length === 0 ? receipt : { ...receipt, held: [...receipt.held, ...left] });
      if (record.desired === undefined && record.draining.size === 0 && record.state.phase === 'stopped') {
        this.records.delete(record.name);
      }
    });
    this.#leaving.add(gone);
    return gone;
  }

  #unavailable(next: ReadonlyMap<string, Instance>): Unavailable[] {
    const list: Unavailable[] = [];
    for (const record of this.records.values()) {
      if (next.has(record.name) || isOut(record)) continue;
      list.push({
        name: record.name,
        aliases: record.desired?.unit.data.aliases ?? [],
        phase: record.state.phase,
        reason: reasonOf(record.state) || `The plugin is ${record.state.phase}.`,
        retryAt: record.state.phase === 'failed' ? record.state.retryAt : undefined,
        back: this.#backOf(record),
      });
    }
    return list;
  }

  #backOf(record: PluginRecord): (() => Promise<void>) | undefined {
    if (record.gap !== undefined || record.state.phase !== 'dormant') return record.gap?.wait;
    record.wake ??= () => this.#wake(record.name);
    return record.wake;
  }
}

/** Nobody waits for it: its paths belong to nobody. */
const isOut = ({ state: { phase } }: PluginRecord): boolean => phase === 'stopped';

/** Apart from `commit`: a part that keeps its draft must not keep the generation before with it. */
function draftOf(
  id: number,
  instances: readonly Instance[],
  unavailable: readonly Unavailable[],
  views: ViewTable,
  reach: Reach,
): GenerationDraft {
  const view = (entries: readonly InstanceInfo[]) => views.of(entries as readonly Instance[], reach);
  return { id, instances, unavailable, view };
}

function build(part: GenerationPart<unknown>, draft: GenerationDraft, previous: Generation): unknown {
  try {
    return part.build(draft, previous.parts.get(part));
  } catch (error) {
    throw errors.BP_GENERATION_NOT_BUILT({ part: part.key, reason: messageOf(error) }, { cause: error });
  }
}

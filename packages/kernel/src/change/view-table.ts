import type { Clock } from '@backplane/base';
import type { HostServices } from '../call/host-services.ts';
import { InstanceView } from '../call/instance-view.ts';
import type { Instance } from '../lifecycle/instance.ts';

/**
 * Makes the views of one generation. A view equal to one of the generation before is that one, so that its counts and bindings go on.
 */
export class ViewTable {
  readonly #generation: number;
  readonly #clock: Clock;
  readonly #hostServices: ReadonlyMap<string, object>;
  /** Views with other services are other views. */
  readonly #services: string;
  readonly #carried: ReadonlyMap<string, InstanceView>;
  readonly #used = new Map<string, InstanceView>();
  readonly #made = new Map<string, InstanceView>();

  constructor(
    generation: number,
    clock: Clock,
    hostServices: HostServices,
    carried: ReadonlyMap<string, InstanceView>,
  ) {
    this.#generation = generation;
    this.#clock = clock;
    this.#hostServices = hostServices.current;
    this.#services = hostServices.version === 0 ? '' : `services ${hostServices.version}: `;
    this.#carried = carried;
  }

  /** The view of some entries, the first of which answers. `reach` gives what an instance's calls may reach directly. */
  of(entries: readonly Instance[], reach: (instance: Instance) => readonly Instance[]): InstanceView {
    const reached = new Set<Instance>(entries);
    // A set grows while it is walked, so this visits everything that can be reached.
    for (const instance of reached) for (const next of reach(instance)) reached.add(next);
    const instances = [...reached];
    const key =
      this.#services + instances.map((instance) => `${instance.identity.name}#${instance.identity.instance}`).join(' ');
    let view = this.#used.get(key);
    if (view === undefined) {
      view = this.#carried.get(key) ?? this.#made.get(key);
      if (view === undefined) {
        view = new InstanceView(key, this.#generation, instances, entries[0], this.#clock, this.#hostServices);
        this.#made.set(key, view);
      }
      this.#used.set(key, view);
    }
    return view;
  }

  /** Forgets which views are used, to decide anew. Those made stay known. */
  restart(): void {
    this.#used.clear();
  }

  /** Views of the finished generation. */
  get used(): ReadonlyMap<string, InstanceView> {
    return this.#used;
  }

  /** Retires views that were made on the way and are not used; with `all`, those that are, too. */
  retireUnused(all = false): void {
    for (const [key, view] of this.#made) if (all || this.#used.get(key) !== view) view.retire();
  }
}

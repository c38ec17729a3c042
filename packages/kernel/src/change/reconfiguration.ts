import type { BackplaneError } from '@backplane/base';
import type { KernelEvent } from '../kernel-event.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { putBack, reconfigure } from '../lifecycle/reconfigure.ts';

export interface ReconfigurationOptions {
  /** One refusal takes everything back, so nobody is asked after it. */
  readonly atomic: boolean;
  readonly onEvent: (event: KernelEvent) => void;
  asking(instance: Instance): void;
  /** True once the host is stopping: nobody is asked any more. */
  stopping(): boolean;
  /** Replaces a plugin that runs with a configuration it is not to have, and cannot go back by itself. */
  renew(name: string): void;
}

/** The plugins of one change that take their new configuration in place: asked one after the other, put back last first. */
export class Reconfiguration {
  readonly #options: ReconfigurationOptions;
  readonly #taken = new Map<Instance, unknown>();
  readonly #failures = new Map<string, BackplaneError>();

  constructor(options: ReconfigurationOptions) {
    this.#options = options;
  }

  /** Plugins that refused, or have failed since they accepted, and why. */
  get failures(): ReadonlyMap<string, BackplaneError> {
    for (const [instance, previous] of this.#taken) {
      if (instance.failure === undefined) continue;
      this.#failures.set(instance.identity.name, instance.failure);
      this.#taken.delete(instance);
      // Whatever it was that it could not bear, its next instance begins with what it could.
      instance.config = previous;
    }
    return this.#failures;
  }

  /** Those that have accepted. */
  get taken(): Iterable<Instance> {
    return this.#taken.keys();
  }

  /** Asks in the order given. Gives the names of those that are to be replaced after all. Never rejects. */
  async ask(instances: Iterable<Instance>, configOf: (name: string) => unknown): Promise<string[]> {
    const replaced: string[] = [];
    const { atomic, asking, stopping } = this.#options;
    for (const instance of instances) {
      const { name } = instance.identity;
      if (stopping() || (atomic && this.#failures.size > 0)) break;
      asking(instance);
      try {
        const previous = instance.config;
        const answer = await reconfigure(instance, configOf(name), (error) => this.#stuck(instance, error));
        if (answer === 'accepted') this.#taken.set(instance, previous);
        else replaced.push(name);
      } catch (error) {
        this.#failures.set(name, error as BackplaneError);
      }
    }
    return replaced;
  }

  /** Has everybody take the configuration before, last first. */
  async takeBack(): Promise<void> {
    for (const [instance, previous] of [...this.#taken].reverse()) {
      this.#taken.delete(instance);
      // One that is about to end needs no other configuration.
      if (this.#options.stopping()) continue;
      await putBack(instance, previous).catch((error) => this.#stuck(instance, error));
    }
  }

  #stuck({ identity }: Instance, error: unknown): void {
    const message = 'it could not go back to its configuration; it is replaced';
    this.#options.onEvent({ level: 'error', plugin: identity.name, message, error });
    this.#options.renew(identity.name);
  }
}

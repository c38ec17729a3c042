import type { Logger } from '@backplane/plugin-api';
import type { InstanceInfo } from '@backplane/ports';
import type { MountTable } from './mount-table.ts';

/** Says, once for each instance with such middleware, that requests to a plugin in another process are parsed out of its sight. */
export class PassedOver {
  readonly #logger: Logger;
  readonly #told = new WeakMap<InstanceInfo, Set<string>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  warn({ passedOver }: Pick<MountTable, 'passedOver'>): void {
    for (const [{ instance, name }, plugins] of passedOver) {
      const told = this.#told.get(instance) ?? new Set();
      this.#told.set(instance, told);
      for (const plugin of plugins) {
        const key = `${name} ${plugin}`;
        if (told.has(key)) continue;
        told.add(key);
        this.#logger.warn(
          `onParsed of middleware "${name}" is not called for requests to ${plugin}, which runs in a process of its own.`,
          { plugin: instance.data.name },
        );
      }
    }
  }
}

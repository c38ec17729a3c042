import { isDeepStrictEqual } from 'node:util';
import { compileCondition, type Kernel, type StoredHandler, type StoredSubscription } from '@backplane/kernel';
import type { HookCondition, PluginEvent } from '@backplane/plugin-api';
import type { WantedHook, WantedState } from '@backplane/ports';
import { findMethod } from './find-method.ts';

/** A hook of a desired state, ready to be called. */
interface Made {
  readonly handler: StoredHandler;
  readonly subscription: StoredSubscription | undefined;
}

/**
 * Has methods of plugins answer what hooks of the desired state name: extension points, and types of events. What a state says again is the same
 * handler, so that nothing is compiled anew.
 */
export class StoredHooks {
  readonly #kernel: Kernel;
  #made = new Map<string, Made>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** From now on those of this state, and no others. */
  follow({ plugins }: WantedState): void {
    const made = new Map<string, Made>();
    const names = Object.keys(plugins).sort();
    const hooks = names.flatMap((plugin) => (plugins[plugin]?.hooks ?? []).map((hook) => ({ plugin, hook })));
    for (const { plugin, hook } of hooks.sort((a, b) => a.hook.priority - b.hook.priority)) {
      if (!hook.active) continue;
      const key = JSON.stringify([plugin, hook]);
      made.set(key, this.#made.get(key) ?? this.#make(plugin, hook));
    }
    if (isDeepStrictEqual([...made.keys()], [...this.#made.keys()])) return;
    this.#made = made;
    const all = [...made.values()];
    this.#kernel.hooks.store(all.map(({ handler }) => handler));
    this.#kernel.events.store(all.flatMap(({ subscription }) => subscription ?? []));
  }

  #make(plugin: string, hook: WantedHook): Made {
    const { hook_name: point, hook_type: type, callback_method: asked, priority, conditions } = hook;
    const when = (conditions ?? undefined) as HookCondition | undefined;
    const call = async (args: readonly unknown[]) => {
      const { service, method } = await findMethod(this.#kernel, plugin, asked);
      return this.#kernel.callWithin(service, method, args);
    };
    const handler: StoredHandler = { point, type, plugin, name: asked, priority, when, call: (_, args) => call(args) };
    if (type === 'filter') return { handler, subscription: undefined };
    const compiled = when === undefined ? undefined : compileCondition(when);
    // What cannot be read is met by nothing.
    const meets = compiled === undefined ? () => true : 'test' in compiled ? compiled.test : () => false;
    const hear = (_: unknown, event: PluginEvent) => (meets(event.data) ? call([event.data, event]) : undefined);
    return { handler, subscription: { plugin, pattern: point, hear } };
  }
}

import type { PluginData } from '@backplane/ports';

/**
 * Runs `action` for each plugin: after everything it waits for, phase by phase, and otherwise at the same time.
 * `order` must have dependencies first; actions begin in that order. Actions must not reject.
 */
export async function runInOrder(
  order: readonly PluginData[],
  waitsFor: (name: string) => Iterable<string>,
  action: (name: string) => Promise<void>,
): Promise<void> {
  const running = new Map<string, Promise<void>>();
  let index = 0;
  while (index < order.length) {
    const { phase } = order[index] as PluginData;
    const group: Promise<void>[] = [];
    for (; index < order.length && order[index]?.phase === phase; index++) {
      const { name } = order[index] as PluginData;
      const before: Promise<void>[] = [];
      for (const dependency of waitsFor(name)) {
        const promise = running.get(dependency);
        if (promise) before.push(promise);
      }
      const promise = before.length === 0 ? action(name) : Promise.all(before).then(() => action(name));
      running.set(name, promise);
      group.push(promise);
    }
    await Promise.all(group);
    running.clear();
  }
}

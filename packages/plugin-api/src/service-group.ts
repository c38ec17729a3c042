import { type Method, markedMethods, marksOf } from './method-marks.ts';
import type { PluginContext } from './plugin-context.ts';
import { serviceIdIn } from './service-class.ts';
import { service } from './service-ref.ts';

/** Methods of a plugin's class that are services together, by the id of the service. */
export type ServiceGroups = ReadonlyMap<string, ReadonlyMap<string, Method>>;

/** The services that methods of a class are part of. */
export function serviceGroups(plugin: string, prototype: object): ServiceGroups {
  const groups = new Map<string, Map<string, Method>>();
  for (const [name, method] of markedMethods(prototype)) {
    for (const local of marksOf(method).services ?? []) {
      const id = serviceIdIn(plugin, local);
      groups.set(id, (groups.get(id) ?? new Map()).set(name, method));
    }
  }
  return groups;
}

/** Offers the groups, with methods that are called on `owner`. */
export function provideGroups(context: Pick<PluginContext, 'provide'>, owner: object, groups: ServiceGroups): void {
  for (const [id, methods] of groups) {
    const bound = [...methods].map(([name, method]) => [name, method.bind(owner)]);
    context.provide(service<object>(id), Object.fromEntries(bound));
  }
}

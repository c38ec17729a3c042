import { markedMethods, marksOf } from './method-marks.ts';
import type { PluginContext } from './plugin-context.ts';

/** What the methods of an object may need of its plugin. */
export type OwnerContext = Pick<PluginContext, 'events' | 'metrics'>;

const adopted = new WeakMap<OwnerContext, WeakSet<object>>();

/**
 * Makes an object one of the plugin's: those of its methods that hear events do so, and those that are counted are counted there. Once for
 * each context, however often it is called.
 */
export function adopt(context: OwnerContext, object: object): void {
  const objects = adopted.get(context) ?? new WeakSet();
  adopted.set(context, objects);
  if (objects.has(object)) return;
  objects.add(object);
  for (const method of markedMethods(object).values()) {
    const { events = [], counted = [] } = marksOf(method);
    for (const declare of counted) declare(object, context.metrics);
    for (const pattern of events) {
      context.events.subscribe(pattern, (event, call) => Reflect.apply(method, object, [event, call]));
    }
  }
}

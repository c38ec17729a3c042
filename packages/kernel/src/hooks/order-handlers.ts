import { type Handler, labelOf } from './handler.ts';

export interface OrderedHandlers {
  readonly handlers: readonly Handler[];
  /** Labels of handlers whose `before` and `after` contradict each other, and are ignored. */
  readonly circular: readonly string[];
}

/**
 * Puts handlers into the order in which they run: by priority, and between equals as given (in the order in which plugins start), as far as `before` and
 * `after` leave it so: a handler that must wait is moved behind what it waits for, and takes nobody else along.
 */
export function orderHandlers(given: readonly Handler[]): OrderedHandlers {
  const byPriority = given
    .map((handler, index) => ({ handler, index }))
    .sort((a, b) => a.handler.priority - b.handler.priority || a.index - b.index)
    .map(({ handler }) => handler);
  if (given.every(({ before, after }) => before.length === 0 && after.length === 0))
    return { handlers: byPriority, circular: [] };

  const named = new Map<string, Handler[]>();
  const name = (key: string, handler: Handler) => named.set(key, [...(named.get(key) ?? []), handler]);
  for (const handler of byPriority) {
    name(handler.instance.identity.name, handler);
    name(labelOf(handler), handler);
  }
  const waitsFor = new Map<Handler, Set<Handler>>(byPriority.map((handler) => [handler, new Set()]));
  for (const handler of byPriority) {
    for (const key of handler.after)
      for (const other of named.get(key) ?? []) if (other !== handler) waitsFor.get(handler)?.add(other);
    for (const key of handler.before)
      for (const other of named.get(key) ?? []) if (other !== handler) waitsFor.get(other)?.add(handler);
  }

  const handlers: Handler[] = [];
  const circular: string[] = [];
  const left = new Set(byPriority);
  while (left.size > 0) {
    const isFree = (handler: Handler) => [...(waitsFor.get(handler) ?? [])].every((other) => !left.has(other));
    let next = [...left].find(isFree);
    if (next === undefined) {
      // A circle, or behind one: the first of those that wait in it goes as if it waited for nobody.
      next = inCircle(left, waitsFor);
      circular.push(labelOf(next));
    }
    handlers.push(next);
    left.delete(next);
  }
  return { handlers, circular };
}

/** The first that waits, over others, for itself. */
function inCircle(left: ReadonlySet<Handler>, waitsFor: ReadonlyMap<Handler, ReadonlySet<Handler>>): Handler {
  for (const start of left) {
    const reached = new Set([...(waitsFor.get(start) ?? [])].filter((other) => left.has(other)));
    // A set grows while it is walked.
    for (const one of reached) for (const other of waitsFor.get(one) ?? []) if (left.has(other)) reached.add(other);
    if (reached.has(start)) return start;
  }
  throw new Error('Something waits, and for nothing.');
}

/** For each plugin, what must start after it: the edges of a resolution turned round, in one walk over all of them. */
export function invertEdges(edges: ReadonlyMap<string, Iterable<string>>): ReadonlyMap<string, readonly string[]> {
  const dependents = new Map<string, string[]>();
  for (const [dependent, targets] of edges) {
    for (const target of targets) {
      const known = dependents.get(target);
      if (known) known.push(dependent);
      else dependents.set(target, [dependent]);
    }
  }
  return dependents;
}

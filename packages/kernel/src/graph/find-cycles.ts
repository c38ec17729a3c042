/**
 * Finds the plugins that wait for each other: full paths, first and last element the same, until without the plugins named in them nobody waits
 * in a circle any more.
 */
export function findCycles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const onStack = new Set<string>();
  const stack: string[] = [];
  const cycles: string[][] = [];

  // Tarjan's algorithm with an explicit stack: a chain of ten thousand plugins must not overflow the call stack.
  for (const root of edges.keys()) {
    if (index.has(root)) continue;
    const work: { name: string; next: Iterator<string> }[] = [];
    const open = (name: string) => {
      index.set(name, index.size);
      low.set(name, index.get(name) as number);
      stack.push(name);
      onStack.add(name);
      work.push({ name, next: (edges.get(name) ?? new Set<string>()).values() });
    };
    open(root);
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const { done, value } = top.next.next();
      if (!done) {
        if (!index.has(value)) open(value);
        else if (onStack.has(value)) low.set(top.name, Math.min(low.get(top.name) ?? 0, index.get(value) ?? 0));
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent) low.set(parent.name, Math.min(low.get(parent.name) ?? 0, low.get(top.name) ?? 0));
      if (low.get(top.name) !== index.get(top.name)) continue;
      const group = new Set<string>();
      let member: string | undefined;
      do {
        member = stack.pop() as string;
        onStack.delete(member);
        group.add(member);
      } while (member !== top.name);
      if (group.size === 1 && !edges.get(top.name)?.has(top.name)) continue;
      const path = pathThrough(group, edges);
      cycles.push(path);
      // A group may hold further circles that do not touch this one.
      const rest = group.difference(new Set(path));
      cycles.push(
        ...findCycles(new Map([...rest].map((name) => [name, (edges.get(name) ?? new Set()).intersection(rest)]))),
      );
    }
  }
  return cycles.sort((a, b) => ((a[0] as string) < (b[0] as string) ? -1 : 1));
}

/** The shortest way from the group's first name back to itself. */
function pathThrough(group: ReadonlySet<string>, edges: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const start = [...group].sort()[0] as string;
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const next of [...(edges.get(at) ?? [])].sort()) {
      if (next === start) {
        const path = [start];
        for (let step: string = at; step !== start; step = cameFrom.get(step) as string) path.unshift(step);
        return [start, ...path];
      }
      if (!group.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, at);
      queue.push(next);
    }
  }
  return [start, start];
}

/** The name among `names` that `word` was most likely meant to be; `undefined` when none is near. Case, `-` and `_` do not count. */
export function nearestName(word: string, names: Iterable<string>): string | undefined {
  const wanted = plain(word);
  // In a word of one or two letters, one wrong letter is another word.
  const limit = wanted.length < 3 ? 0 : Math.floor(wanted.length / 3);
  let best: string | undefined;
  let least = limit + 1;
  for (const name of names) {
    if (wanted.length >= SHORTEST_START && plain(name).startsWith(`${wanted}-`)) best ??= name;
    const distance = editDistance(wanted, plain(name), least);
    if (distance < least) {
      best = name;
      least = distance;
    }
  }
  return best;
}

const LONGEST = 64;
/** From this length on, `drain` may mean `drain_ms`. */
const SHORTEST_START = 4;
const plain = (name: string) => name.slice(0, LONGEST).toLowerCase().replaceAll('_', '-');

/** Insertions, deletions, replacements and swaps of neighbours; `limit` when there are at least that many. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(older, j - 2) + 1);
      current.push(cost);
    }
    older = previous;
    previous = current;
  }
  return Math.min(at(previous, b.length), limit);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;

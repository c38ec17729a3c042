/** Tells the keys that a pattern matches: `*` stands for any characters, everything else for itself. In linear time, whatever the pattern. */
export function globMatcher(pattern: string): (key: string) => boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return (key) => key === pattern;
  const shortest = pattern.length - others.length - 1;
  return (key) => {
    if (key.length < shortest || !key.startsWith(first) || !key.endsWith(last)) return false;
    let from = first.length;
    for (const part of others) {
      const at = key.indexOf(part, from);
      if (at === -1) return false;
      from = at + part.length;
    }
    return from <= key.length - last.length;
  };
}

/** The routes of one app, to tell which methods a path has when the one that was asked for is missing. */
export class RouteList {
  readonly #routes: { readonly pattern: string; readonly methods: readonly string[] }[] = [];

  add(pattern: string, methods: string | readonly string[]): void {
    this.#routes.push({ pattern, methods: typeof methods === 'string' ? [methods] : methods });
  }

  /** The methods of every route whose pattern has the form of this path, sorted. Parts with regular expressions match nothing. */
  methodsAt(path: string): string[] {
    const parts = trimmed(path).split('/');
    const methods = new Set<string>();
    for (const route of this.#routes) {
      if (matches(trimmed(route.pattern).split('/'), parts)) for (const method of route.methods) methods.add(method);
    }
    return [...methods].sort();
  }
}

const trimmed = (path: string): string => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    const part = pattern[i] as string;
    if (part === '*') return path.length > i;
    if (part.includes('(')) return false;
    if (i >= path.length) return i === pattern.length - 1 && part.startsWith(':') && part.endsWith('?');
    if (!part.includes(':') && part !== path[i]) return false;
    if (part.startsWith(':') && path[i] === '' && !part.endsWith('?')) return false;
  }
  return path.length === pattern.length;
}

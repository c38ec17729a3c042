/** A pattern over whole paths, taken apart. */
export interface PathPattern {
  /** True for one that began with `!`. */
  readonly excludes: boolean;
  /** Decoded; `undefined` stands for any one segment. */
  readonly segments: readonly (string | undefined)[];
  /** True where anything may follow, nothing too. */
  readonly open: boolean;
}

/**
 * Reads `/shop/cart` (this path), `/shop/*` (one segment) and `/shop/**` (`/shop` and all that lies below), each perhaps after a `!`.
 * A text, in place of a pattern, says what is wrong with it.
 */
export function parsePathPattern(text: string): PathPattern | string {
  const excludes = text.startsWith('!');
  const path = excludes ? text.slice(1) : text;
  if (!path.startsWith('/')) return 'a path begins with "/"';
  if (/[?#]/.test(path)) return 'it is about the path alone: query and fragment are not compared';
  const written = path.slice(1).replace(/\/$/, '').split('/');
  if (written.length === 1 && written[0] === '') return { excludes, segments: [], open: false };
  const open = written.at(-1) === '**';
  if (open) written.pop();
  const segments: (string | undefined)[] = [];
  for (const segment of written) {
    if (segment === '*') segments.push(undefined);
    else if (segment.includes('*')) return '"*" stands for a whole segment, and "**" for all that follows, at the end';
    else {
      const decoded = decodedSegment(segment);
      if (decoded === undefined) return `"${segment}" is not encoded as URLs are`;
      if (/^\.{0,2}$|[/\\]/.test(decoded)) return `no path has the segment "${segment}" once it is in its plain form`;
      segments.push(decoded);
    }
  }
  return { excludes, segments, open };
}

function decodedSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** True where the segments of a path are what the pattern describes. */
export function matchesPattern({ segments, open }: PathPattern, path: readonly string[]): boolean {
  if (open ? path.length < segments.length : path.length !== segments.length) return false;
  return segments.every((segment, index) => segment === undefined || segment === path[index]);
}

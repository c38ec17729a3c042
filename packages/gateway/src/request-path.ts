/** The segments of a path, as somebody may read it. */
export type Reading = readonly string[];

/** Gives the first segment of a path its canonical form: the name for an alias. */
export type NameOf = (segment: string) => string;

/** Lower case, without encoding, dots and doubled slashes: whoever reads such a path reads it in one way. */
const PLAIN = /^(?:\/(?!\.{0,2}(?:\/|$))[a-z0-9._~!$&'()*+,;=:@-]*)*\/?$/;
/** Encodings within encodings that are looked into. */
const DEEPEST = 3;

/**
 * The path of a request, in every way in which a router, a file server or a route of a plugin may read it: `/shop/%61dmin`,
 * `/shop//admin`, `/shop/x/../admin` and `/shop/x%2F..%2Fadmin` are all `/shop/admin` to one of them.
 */
export class RequestPath {
  readonly #target: string;
  readonly #nameOf: NameOf;
  #readings: readonly Reading[] | undefined;
  #folded: readonly Reading[] | undefined;

  /** `target` is path and query as sent. */
  constructor(target: string, nameOf: NameOf) {
    this.#target = target;
    this.#nameOf = nameOf;
  }

  /** At least one. */
  get readings(): readonly Reading[] {
    this.#readings ??= readingsOf(this.#target).map((reading) => this.#named(reading));
    return this.#readings;
  }

  /** The same in lower case. */
  get folded(): readonly Reading[] {
    this.#folded ??= this.readings.map((reading) => reading.map((segment) => segment.toLowerCase()));
    return this.#folded;
  }

  #named(reading: string[]): Reading {
    const [first] = reading;
    if (first !== undefined) reading[0] = this.#nameOf(first);
    return reading;
  }
}

function readingsOf(target: string): string[][] {
  const end = target.search(/[?#]/);
  const path = end === -1 ? target : target.slice(0, end);
  if (PLAIN.test(path)) return [segmentsOf(path)];
  const readings = [segmentsOf(asRouted(path)), segmentsOf(path).map(decoded)];
  let text = path;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const next = text.split('/').map(decoded).join('/');
    readings.push(flat(next));
    if (next === text || !next.includes('%')) break;
    text = next;
  }
  return readings;
}

/** Without the slash at its end, which makes no difference to any route. */
function segmentsOf(path: string): string[] {
  const trimmed = path.endsWith('/') ? path.slice(1, -1) : path.slice(1);
  return trimmed === '' ? [] : trimmed.split('/');
}

/** As the router compares it: characters that have a meaning in URLs stay encoded. */
function asRouted(path: string): string {
  try {
    return decodeURI(path.replaceAll('%25', '%2525'));
  } catch {
    return path;
  }
}

function decoded(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** As a file server reads it, or the parser of URLs, which drops control characters. */
function flat(path: string): string[] {
  const segments: string[] = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is dropped
  for (const written of path.replace(/[\0-\x1f]+/g, '').split(/[/\\]+/)) {
    const segment = written.trim();
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments;
}

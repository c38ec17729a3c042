/** A parameter of a path. */
export interface PathParameter {
  /** As the router, and the schema of the route, calls it. */
  readonly name: string;
  /** As the template calls it. */
  readonly label: string;
  /** Regular expression that the router asks for. */
  readonly pattern: string | undefined;
}

/** A path as OpenAPI writes it. */
export interface PathTemplate {
  /** Such as `/shop/orders/{id}`. */
  readonly path: string;
  readonly parameters: readonly PathParameter[];
}

/** The templates of a router's pattern: two where its last parameter may be left out. */
export function templatesOf(url: string): PathTemplate[] {
  const parameters: PathParameter[] = [];
  let path = '';
  let optionalFrom: number | undefined;
  for (let at = 0; at < url.length; ) {
    const char = url[at] as string;
    if (char === ':' && url[at + 1] === ':') {
      path += ':';
      at += 2;
    } else if (char === ':') {
      const name = /^[^/\-.(:?]*/.exec(url.slice(at + 1))?.[0] ?? '';
      at += 1 + name.length;
      const end = url[at] === '(' ? closingOf(url, at) : at;
      const pattern = end > at ? url.slice(at + 1, end - 1) : undefined;
      at = end;
      if (url[at] === '?') {
        optionalFrom = path.length;
        at++;
      }
      path += add(parameters, name, pattern);
    } else if (char === '*') {
      path += add(parameters, '*', undefined);
      at++;
    } else {
      path += char === '{' ? '%7B' : char === '}' ? '%7D' : char;
      at++;
    }
  }
  const whole = { path: trimmed(path), parameters };
  if (optionalFrom === undefined) return [whole];
  return [{ path: trimmed(path.slice(0, optionalFrom)), parameters: parameters.slice(0, -1) }, whole];
}

/** Routes answer with and without a slash at the end. */
const trimmed = (path: string): string => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);

function add(parameters: PathParameter[], name: string, pattern: string | undefined): string {
  const wanted = name === '*' ? 'rest' : name.replace(/\W/g, '_') || 'parameter';
  let label = wanted;
  for (let n = 2; parameters.some((other) => other.label === label); n++) label = `${wanted}_${n}`;
  parameters.push({ name, label, pattern });
  return `{${label}}`;
}

/** The index behind the bracket that closes the one at `open`. */
function closingOf(url: string, open: number): number {
  let depth = 0;
  for (let at = open; at < url.length; at++) {
    if (url[at] === '\\') at++;
    else if (url[at] === '(') depth++;
    else if (url[at] === ')' && --depth === 0) return at + 1;
  }
  return url.length;
}

/** The first segment of a request target, decoded: `''` for the root, `undefined` where the encoding is broken. */
export function firstSegment(target: string): string | undefined {
  let end = 1;
  let encoded = false;
  for (; end < target.length; end++) {
    const unit = target.charCodeAt(end);
    if (unit === 47 /* / */ || unit === 63 /* ? */ || unit === 35 /* # */) break;
    if (unit === 37 /* % */) encoded = true;
  }
  const segment = target.slice(1, end);
  if (!encoded) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** The same target with another first segment. */
export function withFirstSegment(target: string, segment: string): string {
  const rest = target.slice(1).search(/[/?#]/);
  return rest === -1 ? `/${segment}` : `/${segment}${target.slice(1 + rest)}`;
}

/** The target without query; a problem's `instance`. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

/** The host that a target sent whole is for; `undefined` for any other target. */
export function authorityOf(target: string): string | undefined {
  return URL.canParse(target) ? new URL(target).host : undefined;
}

/** The path and query of a target that a proxy client sends whole (`http://host/path`); any other is given back. */
export function originForm(target: string): string {
  if (target.charCodeAt(0) === 47) return target;
  const authority = target.indexOf('://');
  if (authority === -1) return target;
  const end = target.slice(authority + 3).search(/[/?#]/);
  if (end === -1) return '/';
  // A query may follow the authority at once, and may hold slashes of its own.
  const rest = target.slice(authority + 3 + end);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

import type { NormalizedSchema } from '@backplane/wire/schema';

/** The names of a path's parameters. A text, in their place, says what is wrong with the path. */
export function parametersIn(path: string): readonly string[] | string {
  if (typeof path !== 'string' || !path.startsWith('/')) return 'its path must begin with "/"';
  if (path === '/') return [];
  const segments = path.slice(1).split('/');
  const names: string[] = [];
  for (const [index, segment] of segments.entries()) {
    if (segment === '*' && index === segments.length - 1) names.push('*');
    else if (/^:[A-Za-z_]\w*$/.test(segment)) names.push(segment.slice(1));
    else if (!/^[\w.~!$&'+,;=@-]+$/.test(segment)) {
      return `"${segment}" in its path is neither a plain segment, nor a parameter such as ":id", nor "*" at the end`;
    }
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? names : `its path has two parameters called "${twice}"`;
}

/** Why a schema of parameters could never be met by its path. */
export function mismatchOf(names: readonly string[], schema: NormalizedSchema | undefined): string | undefined {
  const { properties = {}, required = [], additionalProperties } = schema?.jsonSchema ?? {};
  const missing = Array.isArray(required) ? required.find((name) => !names.includes(name)) : undefined;
  if (missing !== undefined) return `its params ask for "${missing}", which is not in its path`;
  const closed = additionalProperties === false;
  const unknown = closed ? names.find((name) => !Object.hasOwn(properties, name)) : undefined;
  return unknown === undefined ? undefined : `its params have no "${unknown}", which is in its path`;
}

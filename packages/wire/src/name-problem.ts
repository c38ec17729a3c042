import { canonicalName } from '@backplane/base';
import { errors } from './errors.ts';
import { isPluginName } from './plugin-name.ts';
import { isReservedName } from './reserved-names.ts';
import { type SourcePlace, type SourceProblem, sourceProblem } from './source-problem.ts';

/** What is wrong with the name of a plugin; `undefined` when nothing is. `key` says where it stands: `name`, `aliases.0`, `file name`. */
export function nameProblem(name: string, key: string, place: SourcePlace): SourceProblem | undefined {
  return isPluginName(name) && !isReservedName(name) ? undefined : refusedName(name, key, place);
}

/** The problem of a name that has been refused. */
export function refusedName(name: string, key: string, place: SourcePlace = {}): SourceProblem {
  if (isReservedName(name)) return sourceProblem(errors.BP_NAME_RESERVED({ name, key }), place);
  const better = canonicalName(name).replace(/[^a-z0-9-]+/g, '-');
  const hint = better !== name && isPluginName(better) ? `Did you mean "${better}"?` : place.hint;
  return sourceProblem(errors.BP_NAME_INVALID({ name, key }), { ...place, hint });
}

import { nearestName, nearestPosition, pointerOf, type SourceProblem, sourceProblem } from '@backplane/wire';
import { isPlainMap, type PlainMap } from '@backplane/wire/schema';
import type { YamlDocument } from '@backplane/wire/yaml';
import { errors } from './errors.ts';

/**
 * Problems for keys of the map at `path` in a file of the host that are nearly one of `known`. Others may be anybody's, and `isOthers` says
 * which are for certain.
 */
export function misspeltKeys(
  { file, value, positions }: YamlDocument,
  path: readonly string[],
  known: readonly string[],
  isOthers: (value: unknown) => boolean = () => false,
): SourceProblem[] {
  const map = path.reduce<unknown>((at, key) => (isPlainMap(at) ? at[key] : undefined), value);
  if (!isPlainMap(map)) return [];
  return Object.keys(map).flatMap((key) => {
    const nearest = known.includes(key) || isOthers((map as PlainMap)[key]) ? undefined : nearestName(key, known);
    if (nearest === undefined) return [];
    const at = [...path, key];
    const error = errors.BP_CONFIG_KEY_MISSPELT({ key: at.join('.'), nearest });
    return [sourceProblem(error, { file, position: nearestPosition(positions, pointerOf(at)) })];
  });
}

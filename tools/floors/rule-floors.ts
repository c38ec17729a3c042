import type { Finding, Rule } from './finding.ts';
import { AUTHORS, FLOOR_PLAN, type Floor, ourPackage } from './floor-plan.ts';
import type { Unit } from './workspace.ts';

/** Imports point down only; types too, since a contract that names a higher floor cannot be built below it. */
export const floors: Rule = ({ units }) => units.flatMap(floorsOf);

function floorsOf(unit: Unit): readonly Finding[] {
  const place = placeOf(unit);
  if (place === undefined) {
    const why = `${unit.manifest.name} has no floor: give it one in tools/floors/floor-plan.ts.`;
    return [{ file: `${unit.folder}/package.json`, line: 1, rule: 'floors', why }];
  }
  const own = ourPackage(unit.manifest.name)?.name;
  return unit.sources
    .filter((source) => !source.isTest)
    .flatMap((source) =>
      source.imports.flatMap(({ specifier, line }) => {
        const target = ourPackage(specifier)?.name;
        if (target === undefined || target === own || place.below.includes(target)) return [];
        return [{ file: source.path, line, rule: 'floors', why: refusal(unit.manifest.name, place, target) }];
      }),
    );
}

function placeOf(unit: Unit): Floor | undefined {
  return unit.kind === 'packages' ? FLOOR_PLAN[unit.folder.slice('packages/'.length)] : AUTHORS;
}

function refusal(importer: string, place: Floor, target: string): string {
  const targetFloor = FLOOR_PLAN[target]?.floor ?? 'no floor';
  const allowed = place.below.length === 0 ? 'none of our packages' : `only ${place.below.join(', ')}`;
  return `${importer} (${place.floor}) imports @backplane/${target} (${targetFloor}); it may import ${allowed}. Move what both need to a floor below them.`;
}

import { isBuiltin } from 'node:module';
import type { Finding, Rule } from './finding.ts';
import { ourPackage } from './floor-plan.ts';
import type { SourceFile, Unit } from './workspace.ts';

/** package.json and tsconfig.json name what the sources import, no less and no more. */
export const manifests: Rule = ({ units }) => {
  const folders = new Map(units.map((unit) => [unit.manifest.name, unit.folder]));
  return units.flatMap((unit) => [...undeclared(unit), ...unused(unit), ...references(unit, folders)]);
};

const shipped = (unit: Unit): readonly SourceFile[] => unit.sources.filter((source) => !source.isTest);

const declared = ({ manifest }: Unit): readonly string[] => [
  ...Object.keys(manifest.dependencies ?? {}),
  ...Object.keys(manifest.peerDependencies ?? {}),
];

function undeclared(unit: Unit): readonly Finding[] {
  const names = declared(unit);
  return shipped(unit).flatMap(({ path, imports }) =>
    imports.flatMap(({ specifier, kind, line }) => {
      const name = packageName(specifier);
      if (name === undefined || name === unit.manifest.name || names.includes(name)) return [];
      if (kind === 'type' && names.includes(typesOf(name))) return [];
      const why = `${name} is not among the dependencies in ${unit.folder}/package.json.`;
      return [{ file: path, line, rule: 'manifests', why }];
    }),
  );
}

function unused(unit: Unit): readonly Finding[] {
  const sources = shipped(unit);
  const imported = new Set(sources.flatMap((source) => source.imports.map(({ specifier }) => packageName(specifier))));
  // A package that only has its manifest so far names what it is going to need.
  if (imported.size === 0 && sources.every((source) => /^\s*(export \{\};)?\s*$/.test(source.text))) return [];
  return Object.keys(unit.manifest.dependencies ?? {})
    .filter((name) => !imported.has(name) && ![...imported].some((other) => other && typesOf(other) === name))
    .map((name) => finding(unit, 'package.json', `${name} is a dependency, but nothing imports it.`));
}

function references(unit: Unit, folders: ReadonlyMap<string, string>): readonly Finding[] {
  if (unit.references === undefined) return [];
  const there = new Set(unit.references);
  const wanted = new Set(
    declared(unit)
      .filter((name) => ourPackage(name))
      .map((name) => folders.get(name) ?? name),
  );
  return [
    ...[...wanted]
      .filter((folder) => !there.has(folder))
      .map((folder) => finding(unit, 'tsconfig.json', `${folder} is a dependency, but not among the references.`)),
    ...[...there]
      .filter((folder) => !wanted.has(folder))
      .map((folder) => finding(unit, 'tsconfig.json', `${folder} is a reference, but not a dependency.`)),
  ];
}

const finding = (unit: Unit, file: string, why: string): Finding => ({
  file: `${unit.folder}/${file}`,
  line: 1,
  rule: 'manifests',
  why,
});

/** `@scope/name` or `name` of a specifier; `undefined` for relative ones and what Node brings. */
function packageName(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('#') || isBuiltin(specifier)) return undefined;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

const typesOf = (name: string): string => `@types/${name.replace(/^@/, '').replace('/', '__')}`;

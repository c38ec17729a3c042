import { posix } from 'node:path';
import type { Finding, Rule } from './finding.ts';
import { ourPackage } from './floor-plan.ts';
import type { House, Manifest, SourceFile } from './workspace.ts';

/** Another package is entered through its `exports` only, in tests too. */
export const deepImports: Rule = (house) => {
  const sources = [...house.units.flatMap((unit) => unit.sources), ...house.others];
  return sources.flatMap((source) => [...closedSubpaths(house, source), ...acrossFolders(source)]);
};

function closedSubpaths({ units }: House, { path, imports }: SourceFile): readonly Finding[] {
  return imports.flatMap(({ specifier, line }) => {
    const target = ourPackage(specifier);
    if (target === undefined) return [];
    const unit = units.find(({ manifest }) => manifest.name === `@backplane/${target.name}`);
    if (unit !== undefined && isOpen(unit.manifest, target.subpath)) return [];
    const why = unit
      ? `${specifier} is not among the exports of @backplane/${target.name}.`
      : `there is no package @backplane/${target.name} here.`;
    return [{ file: path, line, rule: 'deep-imports', why }];
  });
}

const isOpen = ({ exports }: Manifest, subpath: string): boolean =>
  typeof exports === 'object' ? subpath in exports : subpath === '.';

function acrossFolders({ path, imports }: SourceFile): readonly Finding[] {
  const own = unitFolder(path);
  return imports.flatMap(({ specifier, line }) => {
    if (!specifier.startsWith('.')) return [];
    const target = unitFolder(posix.join(posix.dirname(path), specifier));
    if (target === undefined || target === own) return [];
    const why = `${specifier} reaches into ${target}. Import it by its name, through its exports.`;
    return [{ file: path, line, rule: 'deep-imports', why }];
  });
}

/** `packages/base` of `packages/base/src/ids.ts`; `undefined` for what lies in no package, plugin or example. */
const unitFolder = (path: string): string | undefined => /^(?:packages|plugins|examples)\/[^/]+/.exec(path)?.[0];

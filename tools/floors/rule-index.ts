import { posix } from 'node:path';
import { codeOnly } from './code-only.ts';
import type { Finding, Rule } from './finding.ts';
import { lineAt } from './source-imports.ts';
import type { SourceFile, Unit } from './workspace.ts';

const REEXPORT = /\bexport\s+(?:type\s+)?(?:\{[^}]*\}|\*\s*as\s+\w+)\s*(?:from\s+)?;/g;

/** A package's index.ts re-exports by name and defines nothing, and nobody inside the package imports it. */
export const indexFiles: Rule = ({ units }) =>
  units
    .filter((unit) => unit.kind === 'packages')
    .flatMap((unit) => unit.sources.flatMap((source) => [...onlyReexports(source), ...importsOwnIndex(unit, source)]));

function onlyReexports({ path, text }: SourceFile): readonly Finding[] {
  if (posix.basename(path) !== 'index.ts') return [];
  const rest = codeOnly(text).replaceAll(REEXPORT, (statement) => statement.replaceAll(/[^\n]/g, ' '));
  const at = rest.search(/\S/);
  if (at === -1) return [];
  const why = `an index.ts re-exports by name and nothing else; this stands in it: ${text.slice(at).split('\n', 1)[0]}`;
  return [{ file: path, line: lineAt(text, at), rule: 'index', why }];
}

function importsOwnIndex({ folder, manifest }: Unit, { path, imports, isTest }: SourceFile): readonly Finding[] {
  return imports
    .filter(({ specifier }) => {
      if (specifier === manifest.name) return !isTest;
      const target = posix.join(posix.dirname(path), specifier);
      return specifier.startsWith('.') && target === `${folder}/src/index.ts`;
    })
    .map(({ line }) => ({
      file: path,
      line,
      rule: 'index',
      why: 'nobody imports the index.ts of their own package: it would tie every file to every other. Import the file that defines it.',
    }));
}

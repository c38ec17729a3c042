import { posix } from 'node:path';
import type { Finding, Rule } from './finding.ts';
import type { SourceFile } from './workspace.ts';

type Edge = { readonly to: string; readonly line: number };

/** No cycle of value imports between files: what a module finds in another would depend on who was loaded first. */
export const cycles: Rule = ({ units, others }) => [
  ...units.flatMap((unit) => cyclesIn(unit.sources)),
  ...cyclesIn(others),
];

function cyclesIn(sources: readonly SourceFile[]): readonly Finding[] {
  const edges = new Map(sources.map((source) => [source.path, valueEdges(source)]));
  const done = new Set<string>();
  const findings: Finding[] = [];
  const path: string[] = [];

  const visit = (file: string): void => {
    if (done.has(file)) return;
    path.push(file);
    for (const { to, line } of edges.get(file) ?? []) {
      const start = path.indexOf(to);
      if (start === -1) visit(to);
      else findings.push({ file, line, rule: 'cycles', why: explain([...path.slice(start), to]) });
    }
    path.pop();
    done.add(file);
  };

  for (const source of sources) visit(source.path);
  return findings;
}

function valueEdges({ path, imports }: SourceFile): readonly Edge[] {
  return imports
    .filter(({ kind, specifier }) => kind === 'value' && specifier.startsWith('.'))
    .map(({ specifier, line }) => ({ to: posix.join(posix.dirname(path), specifier), line }));
}

const explain = (path: readonly string[]): string =>
  `these files import each other: ${path.map((file) => posix.basename(file)).join(' -> ')}. Move what they share to a file of its own, or import the type only.`;

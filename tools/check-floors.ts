import { fileURLToPath } from 'node:url';
import { type Finding, printFinding } from './floors/finding.ts';
import { RULES } from './floors/rules.ts';
import { readHouse } from './floors/workspace.ts';

/** Holds every rule of the house against the repository at `root`. Sorted by file and line. */
export async function checkFloors(root: string): Promise<readonly Finding[]> {
  const house = await readHouse(root);
  return RULES.flatMap((rule) => rule(house)).sort(
    (a, b) => a.file.localeCompare(b.file, 'en') || a.line - b.line || a.rule.localeCompare(b.rule, 'en'),
  );
}

if (import.meta.main) {
  const findings = await checkFloors(fileURLToPath(new URL('..', import.meta.url)));
  for (const finding of findings) console.error(printFinding(finding));
  const errors = findings.filter((finding) => finding.severity !== 'warning').length;
  console.log(
    errors === 0 ? 'The floors hold.' : `${errors} ${errors === 1 ? 'place breaks' : 'places break'} the floors.`,
  );
  process.exitCode = errors === 0 ? 0 : 1;
}

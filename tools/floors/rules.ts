import type { Rule } from './finding.ts';
import { cycles } from './rule-cycles.ts';
import { deepImports } from './rule-deep-imports.ts';
import { fileSize } from './rule-file-size.ts';
import { floors } from './rule-floors.ts';
import { indexFiles } from './rule-index.ts';
import { manifests } from './rule-manifests.ts';
import { processUse } from './rule-process.ts';

/** Whatever cannot be read is a finding too: no rule has seen it. */
const readable: Rule = ({ units, others }) =>
  [...units.flatMap((unit) => unit.sources), ...others].flatMap(({ path, broken }) =>
    broken === undefined ? [] : [{ file: path, line: 1, rule: 'readable', why: broken }],
  );

export const RULES: readonly Rule[] = [
  readable,
  floors,
  deepImports,
  indexFiles,
  cycles,
  processUse,
  manifests,
  fileSize,
];

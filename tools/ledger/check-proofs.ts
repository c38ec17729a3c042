import { isTest, proofsOf } from './compare.ts';
import type { Ledger } from './ledger.ts';
import { testTitles } from './test-titles.ts';

/** What the proofs of a ledger are held against. */
export interface ProofSources {
  /** The text of a file of the repository. */
  source(path: string): string | undefined;
  /** Rows of the mission. Absent where it is not at hand. */
  readonly rows: ReadonlySet<string> | undefined;
}

/** Proofs that prove nothing: tests that are not there, rows that do not exist, names that nobody uses. */
export function checkProofs(ledger: Ledger, { source, rows }: ProofSources): readonly string[] {
  const problems: string[] = [];
  for (const [name, test] of ledger.tests) {
    const missing = whyMissing(test, source);
    if (missing !== undefined) problems.push(`tests › ${name}: ${missing}`);
  }
  const used = new Set<string>();
  for (const [place, proofs] of proofsOf(ledger)) {
    for (const proof of proofs) {
      const row = /^row ([A-Z]\d+)$/.exec(proof)?.[1];
      if (isTest(proof)) {
        used.add(proof);
        if (!ledger.tests.has(proof)) problems.push(`${place}: no test is called "${proof}".`);
      } else if (row !== undefined) {
        if (rows !== undefined && !rows.has(row)) problems.push(`${place}: the mission has no row ${row}.`);
      } else if (!/^issue \d+$/.test(proof)) problems.push(`${place}: "${proof}" is no issue and no row.`);
    }
  }
  for (const name of ledger.tests.keys())
    if (!used.has(name)) problems.push(`tests › ${name}: nothing is shown by it.`);
  return problems;
}

function whyMissing(test: string, source: ProofSources['source']): string | undefined {
  const [, path = '', title = ''] = /^([^#]+)#(.+)$/.exec(test) ?? [];
  if (title === '') return `"${test}" is not PATH#TITLE.`;
  const text = source(path);
  if (text === undefined) return `there is no ${path}.`;
  return testTitles(text).has(title) ? undefined : `${path} has no test "${title}" that runs.`;
}

// @ts-check
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from './bootstrap.mjs';
import { bin } from './child-env.mjs';
import { ensureSystemPackages } from './system-packages.mjs';
import { closingLine, totalsOf } from './test-totals.mjs';

/**
 * What a stage has to do its work with. `run` resolves when the command ends well, and throws when it does not.
 * @typedef {{ run: (command: string, args: readonly string[]) => Promise<void>, node: string, say: (line: string) => void }} StageTools
 * @typedef {{ name: string, work: (tools: StageTools) => void | Promise<void> }} Stage
 */

/** @param {string} file @param {string[]} args @returns {Stage['work']} */
const script =
  (file, ...args) =>
  ({ run, node }) =>
    run(node, ['--disable-warning=ExperimentalWarning', '--conditions=backplane-source', file, ...args]);

/** @param {string} command @param {string[]} args @returns {Stage['work']} */
const installed =
  (command, ...args) =>
  ({ run }) =>
    run(join(bin, command), args);

/**
 * The stages of `npm test`, in order: what is quick to fail comes first.
 * @param {readonly string[]} vitestArguments
 * @returns {readonly Stage[]}
 */
export const stages = (vitestArguments) => [
  { name: 'system packages', work: () => ensureSystemPackages() },
  { name: 'lint', work: installed('biome', 'check', '.') },
  { name: 'floors', work: script('tools/check-floors.ts') },
  { name: 'types', work: installed('tsc', '-p', 'tsconfig.check.json') },
  { name: 'build', work: () => ensureBuilt() },
  { name: 'schemas', work: script('tools/schemas.ts', '--check') },
  { name: 'API report', work: script('tools/api-report.ts', '--check') },
  { name: 'error page', work: script('tools/error-docs.ts', '--check') },
  { name: 'command page', work: script('tools/command-docs.ts', '--check') },
  { name: 'reference ledger', work: script('tools/reference-ledger.ts', '--check') },
  { name: 'tests', work: (tools) => vitest(tools, vitestArguments) },
];

/**
 * Runs vitest with its own output, and says the totals of its report.
 * @param {StageTools} tools
 * @param {readonly string[]} args
 */
async function vitest({ run, say }, args) {
  const folder = mkdtempSync(join(tmpdir(), 'backplane-test-'));
  const report = join(folder, 'report.json');
  try {
    await run(join(bin, 'vitest'), [
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ]);
  } finally {
    say(closingLine(totalsOf(readReport(report))));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} file */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // vitest ended before it could write one, which counts as a failure of its own.
    return undefined;
  }
}

/**
 * Holds docs/reference-ledger.yaml against the reference documents and the tests: everything printed has an entry, every entry stands in a document,
 * every test named is there.
 *   npm run ledger [-- --check] [-- --references FOLDER]
 * The documents lie beside the checkout, in ../shared/reference; where they do not, only the tests are looked at. Nothing is written, with or without
 * `--check`; the exit code is 1 when anything is wrong.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './generated-file.ts';
import { checkProofs } from './ledger/check-proofs.ts';
import { compare } from './ledger/compare.ts';
import { readLedger } from './ledger/ledger.ts';
import { type PrintedItems, printedItems } from './ledger/printed-items.ts';

const LEDGER = 'docs/reference-ledger.yaml';
/** Where the documents lie, if they do. */
export const REFERENCES = join(root, '..', 'shared', 'reference');

const textOf = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);

/** Everything printed, by the name of the document. */
async function readReferences(folder: string): Promise<ReadonlyMap<string, PrintedItems>> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.md'));
  const read = async (name: string) => [name, await printedItems(readFileSync(join(folder, name), 'utf8'))] as const;
  return new Map(await Promise.all(names.map(read)));
}

/** The rows of the mission, which lies beside the folder of the references. */
function readRows(references: string): ReadonlySet<string> | undefined {
  const mission = textOf(join(references, '..', 'mission.md'));
  return mission === undefined
    ? undefined
    : new Set([...mission.matchAll(/^\| ([A-Z]\d+) \|/gm)].map(([, row = '']) => row));
}

/** Everything that is wrong with the ledger. Without references only its tests are looked at. */
export async function ledgerProblems(references: string | undefined): Promise<readonly string[]> {
  const ledger = await readLedger(textOf(join(root, LEDGER)) ?? '', LEDGER);
  const rows = references === undefined ? undefined : readRows(references);
  const proofs = checkProofs(ledger, { source: (path) => textOf(join(root, path)), rows });
  if (references === undefined) return proofs;
  const copyOf = (name: string) => textOf(join(root, 'test/testing/fragments', name));
  return [...proofs, ...compare(ledger, await readReferences(references), copyOf)];
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { references: { type: 'string' }, check: { type: 'boolean' } } });
  const folder = values.references ?? REFERENCES;
  const there = existsSync(folder);
  if (!there) console.log('The reference documents are not beside this checkout: only the tests are looked at.');
  const problems = await ledgerProblems(there ? folder : undefined);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`${LEDGER}: every test is there${there ? ', and everything printed has an entry' : ''}.`);
}

if (import.meta.main) await main();

/**
 * Writes docs/errors.md from the catalogues of all packages and plugins, and refuses catalogues that contradict each other.
 *   npm run error-docs [-- --check]
 */
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { entriesOf } from '@backplane/base';
import { catalogueProblems, errorPage, type Mention, mentionsIn, type OwnedEntries } from './error-page.ts';
import { root, settle } from './generated-file.ts';

/** The catalogue among the exports of every `src/errors.ts`. */
async function readCatalogues(): Promise<readonly OwnedEntries[]> {
  const catalogues: OwnedEntries[] = [];
  for await (const file of glob('{packages,plugins,examples}/*/src/errors.ts', { cwd: root })) {
    const owner = dirname(dirname(file));
    const exported: Record<string, unknown> = await import(join(root, file));
    const entries = Object.values(exported).flatMap((value) => entriesOf(Object(value)) ?? []);
    if (entries.length !== 1) throw new Error(`${file} exports ${entries.length} catalogues; each package has one.`);
    catalogues.push(...entries.map((only) => ({ owner, entries: only })));
  }
  return catalogues.sort((a, b) => (a.owner < b.owner ? -1 : 1));
}

async function readMentions(): Promise<readonly Mention[]> {
  const mentions: Mention[] = [];
  for await (const file of glob('{packages,plugins,examples}/*/src/**/*.ts', { cwd: root })) {
    if (/\.(test|test-d|fixture)\.ts$|\/(testing|fixtures)\//.test(file.replace(/^packages\/testing\//, ''))) continue;
    mentions.push(...mentionsIn(file, await readFile(join(root, file), 'utf8')));
  }
  return mentions;
}

const catalogues = await readCatalogues();
const problems = catalogueProblems(catalogues, await readMentions());
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
await settle('docs/errors.md', errorPage(catalogues), 'npm run error-docs');

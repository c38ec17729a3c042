import { describe, expect, it } from 'vitest';
import { catalogueProblems, errorPage, mentionsIn } from './error-page.ts';

const entry = { title: 'It broke', mend: 'Mend it.', message: () => 'It broke.' };
const declared = { owner: 'packages/a', entries: { BP_BROKEN: entry } };

describe('catalogueProblems', () => {
  it('finds nothing in catalogues that agree with each other and with the sources', () => {
    expect(catalogueProblems([declared], mentionsIn('a.ts', '/** @throws BP_BROKEN */'))).toEqual([]);
  });

  it('refuses a code that two packages declare', () => {
    expect(catalogueProblems([declared, { ...declared, owner: 'plugins/b' }], [])).toEqual([
      'BP_BROKEN is declared by packages/a and by plugins/b; a code means one thing.',
    ]);
  });

  it('refuses a code that nobody declares, by file and line', () => {
    expect(catalogueProblems([declared], mentionsIn('a.ts', '\n// BP_GONE'))).toEqual([
      'a.ts:2 names BP_GONE, which no catalogue declares.',
    ]);
  });

  it('refuses a code in the wrong spelling, an empty title and an entry that does not say what to do', () => {
    const entries = { BP_lower: { ...entry, title: ' ', mend: '' } };
    expect(catalogueProblems([{ owner: 'packages/a', entries }], [])).toHaveLength(3);
  });
});

describe('mentionsIn', () => {
  it('leaves out a prefix, which names no code', () => {
    expect(
      mentionsIn('a.ts', "code.startsWith('BP_MIDDLEWARE_') || code === 'BP_A1_B'").map(({ code }) => code),
    ).toEqual(['BP_A1_B']);
  });
});

describe('errorPage', () => {
  it('gives every code an anchor, its title, its status and what to do', () => {
    const page = errorPage([declared]);
    expect(page).toContain(
      '## packages/a\n\n<a id="BP_BROKEN"></a>\n### BP_BROKEN\n\nIt broke. HTTP status 500.\n\n**What to do.** Mend it.\n',
    );
  });
});

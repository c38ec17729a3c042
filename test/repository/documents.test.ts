import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorsOf, relativeLinks } from './markdown-links.ts';
import { root, trackedFiles } from './tracked-files.ts';

const pages = trackedFiles('*.md');
const read = (page: string): string => readFileSync(join(root, page), 'utf8');

function brokenLinks(page: string): readonly string[] {
  return relativeLinks(read(page)).flatMap(({ path, anchor }) => {
    const target = path === '' ? page : normalize(join(path.startsWith('/') ? '' : dirname(page), path));
    const shown = `${path}${anchor === undefined ? '' : `#${anchor}`}`;
    if (target.startsWith('..') || !existsSync(join(root, target))) return [shown];
    if (anchor === undefined || !target.endsWith('.md') || statSync(join(root, target)).isDirectory()) return [];
    return anchorsOf(read(target)).has(anchor) ? [] : [shown];
  });
}

describe('documents', () => {
  it('are there', () => {
    expect(pages).toContain('CONTRIBUTING.md');
  });

  it.each(pages)('%s links only to what exists', (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });
});

describe('relativeLinks', () => {
  it('sees links, images and definitions, and leaves code and the network alone', () => {
    const page = [
      '[a](a.md#part "title") ![b](b.png) [c](https://example.test/) [d](#here)',
      '`[not](one.md)`',
      '```',
      '[nor](this.md)',
      '```',
      '[e]: e.md',
    ].join('\n');
    expect(relativeLinks(page).map(({ path, anchor }) => [path, anchor])).toEqual([
      ['a.md', 'part'],
      ['b.png', undefined],
      ['', 'here'],
      ['e.md', undefined],
    ]);
  });
});

describe('anchorsOf', () => {
  it('spells headings as GitHub does and takes ids as they are', () => {
    const anchors = anchorsOf('# The `life` of a plugin: 1, 2\n<a id="BP_X"></a>\n```\n# no heading\n```\n');
    expect([...anchors]).toEqual(['the-life-of-a-plugin-1-2', 'BP_X']);
  });
});

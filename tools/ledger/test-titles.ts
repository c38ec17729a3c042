const CALL =
  /(?:(?<![\w.])(?<callee>(?:it|test)(?:\.\w+)*)|\))\s*\(\s*(?<quote>['"`])(?<title>(?:\\.|(?!\k<quote>)[^\\])*)\k<quote>\s*,/g;

/** The titles of the tests in a source text, as they are written: `%s` stays. A test that is skipped or only planned is none. */
export function testTitles(source: string): ReadonlySet<string> {
  const titles = new Set<string>();
  for (const { groups = {} } of source.matchAll(CALL)) {
    if (/\.(skip|todo|fails)\b/.test(groups.callee ?? '')) continue;
    titles.add((groups.title ?? '').replace(/\\(['"`\\])/g, '$1'));
  }
  return titles;
}

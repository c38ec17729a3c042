const LINK = /\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|<img[^>]*\ssrc="([^"]+)"|^\[[^\]]+\]:\s+(\S+)/gm;

/** A link of a page to something in the repository. */
export interface RelativeLink {
  /** Empty for a link within the page. */
  readonly path: string;
  readonly anchor: string | undefined;
}

/** Every link of a page that is not to somewhere else on the network; code is left out. */
export function relativeLinks(markdown: string): readonly RelativeLink[] {
  return [...withoutCode(markdown).matchAll(LINK)]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#', 2);
      return { path: decodeURIComponent(path), anchor };
    });
}

/** What a link may name in a page: its headings, as GitHub spells them, and its `id`s. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const headings = [...withoutFences(markdown).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map((match) =>
    slug(match[1] ?? ''),
  );
  const ids = [...markdown.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1] ?? '');
  return new Set([...headings, ...ids]);
}

const withoutFences = (markdown: string): string => markdown.replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '');
const withoutCode = (markdown: string): string => withoutFences(markdown).replaceAll(/`[^`\n]*`/g, '');

const slug = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

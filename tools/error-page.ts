import type { ErrorEntries } from '@backplane/base';

/** The codes of one package or plugin. `owner` is its folder, as `packages/kernel`. */
export interface OwnedEntries {
  readonly owner: string;
  readonly entries: ErrorEntries;
}

/** A mention of a code in a source file. */
export interface Mention {
  readonly code: string;
  readonly file: string;
  readonly line: number;
}

const CODE = /^BP_[A-Z0-9_]+$/;

/** Everything that is wrong with the catalogues, taken together and with the sources that name their codes. */
export function catalogueProblems(
  catalogues: readonly OwnedEntries[],
  mentions: readonly Mention[],
): readonly string[] {
  const owners = new Map<string, string>();
  const problems: string[] = [];
  for (const { owner, entries } of catalogues) {
    for (const [code, entry] of Object.entries(entries)) {
      const other = owners.get(code);
      if (other !== undefined)
        problems.push(`${code} is declared by ${other} and by ${owner}; a code means one thing.`);
      owners.set(code, owner);
      if (!CODE.test(code)) problems.push(`${code} of ${owner} does not match ${CODE.source}.`);
      if (entry.title.trim() === '') problems.push(`${code} of ${owner} has no title.`);
      if (whatToDo(entry) === '') problems.push(`${code} of ${owner} does not say what to do (mend, or advice).`);
    }
  }
  for (const { code, file, line } of mentions) {
    if (!owners.has(code)) problems.push(`${file}:${line} names ${code}, which no catalogue declares.`);
  }
  return problems;
}

/** Every code that a source names whole: in a string, a property or a docstring, not as a prefix. */
export function mentionsIn(file: string, text: string): readonly Mention[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/\bBP_[A-Z0-9_]*[A-Z0-9]\b/g)].map(([code]) => ({ code, file, line: index + 1 })),
    );
}

/** The page that explains every code, in the order given. */
export function errorPage(catalogues: readonly OwnedEntries[]): string {
  return [
    '# Errors',
    '',
    'Every error of Backplane has a stable code, an HTTP status and details for programs. Over HTTP it is a problem document',
    '(RFC 9457) with the same code. Recognise an error by its code: errors cross processes, classes do not.',
    '',
    '<!-- Generated from the catalogues by `npm run error-docs`. -->',
    ...catalogues.flatMap(({ owner, entries }) => ['', `## ${owner}`, ...Object.entries(entries).flatMap(section)]),
    '',
  ].join('\n');
}

type Entry = ErrorEntries[`BP_${string}`];

const whatToDo = ({ mend, advice = '' }: Entry): string => (mend || advice).trim();

function section([code, entry]: [string, Entry]): readonly string[] {
  const { title, status = 500 } = entry;
  return [
    '',
    `<a id="${code}"></a>`,
    `### ${code}`,
    '',
    `${sentence(title)} HTTP status ${status}.`,
    '',
    `**What to do.** ${sentence(whatToDo(entry))}`,
  ];
}

const sentence = (text: string): string => (/[.!?)]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);
